/** Writes `src/generated` from the gateway's OpenAPI document: `npm run generate -w packages/sdk`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { openApiDocument } from '@murmuration/gateway';
import { render } from './render.ts';

const folder = path.join(import.meta.dirname, '../src/generated');
mkdirSync(folder, { recursive: true });
for (const [file, text] of Object.entries(render(await openApiDocument('0')))) {
  writeFileSync(path.join(folder, file), text);
}
