import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  // `murmuration-src`: our packages run from source. `browser`: crypto's adapter without node:crypto.
  resolve: { conditions: ['murmuration-src', 'browser', 'module', 'import', 'default'] },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2024',
    // Everything is a file of its own: the gateway's policy allows neither inline scripts nor data URLs.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { treeshake: { moduleSideEffects: [{ test: /\/packages\/(?!dashboard)/, sideEffects: false }] } },
  },
  // `npm run dev`: the pages from source, the data from a gateway that runs beside it.
  server: { proxy: { '/api': { target: 'http://127.0.0.1:8000', ws: true }, '/docs': 'http://127.0.0.1:8000' } },
});
