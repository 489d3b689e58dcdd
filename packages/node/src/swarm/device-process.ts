import { enableCompileCache } from 'node:module';

// Before anything else is loaded: seven processes parse the same sources, and six of them need not.
enableCompileCache();

const { runDeviceProcess } = await import('./run-device-process.ts');
await runDeviceProcess();
