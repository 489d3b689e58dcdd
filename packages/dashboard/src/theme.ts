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

export const theme = createTheme({
  colors: { dusk },
  primaryColor: 'dusk',
  primaryShade: { light: 6, dark: 6 },
  fontFamily: 'var(--sans)',
  fontFamilyMonospace: 'var(--mono)',
  defaultRadius: 'md',
  respectReducedMotion: true,
  cursorType: 'pointer',
});
