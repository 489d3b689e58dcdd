import type { BlockView } from '@murmuration/node';
import { moment } from '../terminal/format.ts';
import { dim } from '../terminal/style.ts';

/** `   42  2026-11-21 10:03:12  view 0  5 signers  commit-update ×3, attest-updates ×2` */
export function blockLine(block: BlockView): string {
  const kinds = new Map<string, number>();
  for (const { kind, outcome } of block.commands) {
    const key = outcome === 'applied' ? kind : `${kind} (${outcome})`;
    kinds.set(key, (kinds.get(key) ?? 0) + 1);
  }
  const commands = [...kinds].map(([kind, times]) => (times === 1 ? kind : `${kind} ×${times}`)).join(', ');
  const head = `${String(block.height).padStart(6)}  ${moment(block.timeMs)}`;
  return `${head}  ${dim(`view ${block.view}, ${block.signers} signers`)}  ${commands || dim('empty')}`;
}
