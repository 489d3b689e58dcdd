import { styleText } from 'node:util';

type Format = Parameters<typeof styleText>[0];

/** Honours NO_COLOR, FORCE_COLOR and whether the stream that is written to is a terminal. */
export function painter(format: Format, stream: NodeJS.WriteStream = process.stdout): (text: string) => string {
  return (text) => styleText(format, text, { stream });
}

export const bold = painter('bold');
export const dim = painter('dim');
export const red = painter('red');
export const green = painter('green');
export const yellow = painter('yellow');
export const cyan = painter('cyan');
export const heading = painter(['bold', 'cyan']);
