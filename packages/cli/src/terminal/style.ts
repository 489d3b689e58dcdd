import { styleText } from 'node:util';

type Format = Parameters<typeof styleText>[0];

function painter(format: Format): (text: string) => string {
  // Honours NO_COLOR, FORCE_COLOR and whether standard output is a terminal.
  return (text) => styleText(format, text, { stream: process.stdout });
}

export const bold = painter('bold');
export const dim = painter('dim');
export const red = painter('red');
export const green = painter('green');
export const yellow = painter('yellow');
export const cyan = painter('cyan');
export const heading = painter(['bold', 'cyan']);
