import type { Page } from 'playwright-core';

/**
 * What a reader with a screen reader, or with weak eyes, would stumble over: nameless controls, missing landmarks,
 * doubled ids, and text whose contrast is below 4.5 (3 for large text; WCAG 2.2, 1.4.3).
 */
export function audit(page: Page): Promise<readonly string[]> {
  return page.evaluate(inPage);
}

/** Runs in the browser: it may use nothing of this module. */
function inPage(): string[] {
  const found: string[] = [];
  // A colour on its way to another is neither; what runs for ever is no transition.
  for (const running of document.getAnimations()) if (running instanceof CSSTransition) running.finish();
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 1;
  const pen = canvas.getContext('2d', { willReadFrequently: true }) as CanvasRenderingContext2D;

  type Rgba = readonly [number, number, number, number];
  const seen = new Map<string, Rgba>();
  const parse = (colour: string): Rgba => {
    const known = seen.get(colour);
    if (known !== undefined) return known;
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = colour;
    pen.fillRect(0, 0, 1, 1);
    const [r = 0, g = 0, b = 0, a = 0] = pen.getImageData(0, 0, 1, 1).data;
    const parsed: Rgba = [r, g, b, a / 255];
    seen.set(colour, parsed);
    return parsed;
  };
  const over = (top: Rgba, below: Rgba): Rgba => {
    const mix = (i: 0 | 1 | 2) => top[i] * top[3] + below[i] * (1 - top[3]);
    return [mix(0), mix(1), mix(2), 1];
  };
  const backgroundOf = (element: Element): Rgba => {
    const layers: Rgba[] = [];
    for (let at: Element | null = element; at !== null; at = at.parentElement) {
      layers.unshift(parse(getComputedStyle(at).backgroundColor));
    }
    return layers.reduce<Rgba>((below, layer) => over(layer, below), [255, 255, 255, 1]);
  };
  const luminance = ([r, g, b]: Rgba): number => {
    const part = (value: number) => {
      const c = value / 255;
      return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    };
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const contrast = (a: Rgba, b: Rgba): number => {
    const [x, y] = [luminance(a), luminance(b)];
    return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
  };
  const shown = (element: Element) => {
    const box = element.getBoundingClientRect();
    return box.width > 1 && box.height > 1 && getComputedStyle(element).visibility !== 'hidden';
  };
  const nameOf = (element: Element): string => {
    const by = element.getAttribute('aria-labelledby');
    const labelled = by === null ? '' : (document.getElementById(by)?.textContent ?? '');
    const labels = element instanceof HTMLInputElement ? [...(element.labels ?? [])].map((it) => it.textContent) : [];
    return [element.getAttribute('aria-label'), labelled, element.textContent, ...labels].join('').trim();
  };

  for (const element of document.querySelectorAll(
    'a[href], button, input, [role="img"], [role="progressbar"], nav, section',
  )) {
    if (nameOf(element) === '') found.push(`no name: ${element.outerHTML.slice(0, 80)}`);
  }
  for (const image of document.querySelectorAll('img:not([alt])')) found.push(`no alt: ${image.outerHTML}`);
  if (document.querySelectorAll('h1').length !== 1) found.push('not exactly one h1');
  if (document.querySelectorAll('main').length !== 1) found.push('not exactly one main');
  if (document.documentElement.lang === '') found.push('no language');
  const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id);
  for (const id of new Set(ids.filter((id, i) => ids.indexOf(id) !== i))) found.push(`doubled id: ${id}`);

  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const element = node.parentElement;
    const text = node.textContent?.trim() ?? '';
    if (element === null || text === '' || !shown(element) || element.closest('noscript, script, :disabled') !== null)
      continue;
    const style = getComputedStyle(element);
    const inSvg = element instanceof SVGElement;
    const back = backgroundOf(inSvg ? (element.closest('svg')?.parentElement ?? element) : element);
    const ratio = contrast(over(parse(inSvg ? style.fill : style.color), back), back);
    const large = Number.parseFloat(style.fontSize) >= 24;
    if (ratio < (large ? 3 : 4.5)) found.push(`contrast ${ratio.toFixed(2)}: "${text.slice(0, 40)}"`);
  }
  return found;
}
