export { messagePortConformance, type PortMesh } from './message-port.ts';
export { type Place, storeConformance } from './store.ts';
