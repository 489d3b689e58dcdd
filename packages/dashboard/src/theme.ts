import { createTheme, type MantineColorsTuple } from '@mantine/core';

/** The accent of the dusk sky; shades 6 (light) and 4 (dark) are the ones that carry text or fill. */
const dusk: MantineColorsTuple = [
  '#f0f0fd',
  '#e0e0fa',
  '#c5c4f5',
  '#a5a4fa',
  '#8f8df0',
  '#6b69e0',
  '#5b5bd6',
  '#4f4cc7',
  '#413fa8',
  '#33328a',
];

/** Greys of the night, so that Mantine's parts sit on the same surfaces as ours. */
const night: MantineColorsTuple = [
  '#eceef3',
  '#b3bac7',
  '#8d96a6',
  '#5d6675',
  '#39404e',
  '#2a303b',
  '#1d222b',
  '#14171e',
  '#191d25',
  '#0d0f14',
];

export const theme = createTheme({
  colors: { dusk, dark: night },
  primaryColor: 'dusk',
  primaryShade: { light: 6, dark: 6 },
  fontFamily: 'var(--sans)',
  fontFamilyMonospace: 'var(--mono)',
  defaultRadius: 'md',
  respectReducedMotion: true,
  cursorType: 'pointer',
});
