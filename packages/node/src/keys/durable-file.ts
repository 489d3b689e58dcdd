import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';

const OWNER_ONLY = 0o600;

/**
 * Writes a file whole: to a draft beside it, synced, then renamed over it and the folder synced. A crash at any point
 * leaves the old file or the new one. Readable by its owner only.
 * @throws what the file system throws, with the old file untouched and no draft
 */
export function replaceFile(path: string, bytes: Uint8Array): void {
  const draft = draftOf(path);
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeSynced(draft, bytes);
    renameSync(draft, path);
    syncFolder(dirname(path));
  } catch (cause) {
    forget(draft);
    throw cause;
  }
}

/** Where a crash leaves half a file. */
export function draftOf(path: string): string {
  return `${path}.new`;
}

/**
 * Overwrites a file with zeros, then removes it; durable when it returns. Best effort: file systems that copy on
 * write, journals, flash memory and backups may keep the former bytes. Nothing where there is no such file.
 */
export function eraseFile(path: string): void {
  if (!existsSync(path)) return;
  const file = openSync(path, 'r+');
  try {
    writeAll(file, new Uint8Array(statSync(path).size));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  removeFile(path);
}

/** Removes a file; durable when it returns. */
export function removeFile(path: string): void {
  unlinkSync(path);
  syncFolder(dirname(path));
}

/** Half a draft is of no use to anyone; where it cannot be removed, the next save does. */
function forget(draft: string): void {
  try {
    rmSync(draft, { force: true });
  } catch {
    // what went wrong is told already
  }
}

function writeSynced(path: string, bytes: Uint8Array): void {
  rmSync(path, { force: true }); // of a crash: its rights may be others than ours
  const file = openSync(path, 'wx', OWNER_ONLY);
  try {
    writeAll(file, bytes);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
}

/** Where folders cannot be synced (Windows), the rename is as durable as the system makes it. */
function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
