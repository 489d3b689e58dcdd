import uPlot from 'uplot';

/** Colours come from the page's tokens, so that the canvas follows the scheme. */
function token(box: HTMLElement, name: string): string {
  return getComputedStyle(box).getPropertyValue(name).trim();
}

/**
 * @param planned rounds of the whole job: the axis shows what is still to come
 * @param participants most devices that took part in one round
 * @param onPoint index into the data under the cursor, null when it leaves
 */
export function chartOptions(
  box: HTMLElement,
  planned: number,
  participants: number,
  onPoint: (index: number | null) => void,
): uPlot.Options {
  const accent = token(box, '--accent-fill');
  const grid = { stroke: token(box, '--line'), width: 1 };
  const axis = { stroke: token(box, '--text-3'), font: `12px ${token(box, '--sans')}`, grid, ticks: { show: false } };
  const columns = uPlot.paths.bars?.({ size: [0.28, 12], radius: 0.2 });
  return {
    width: box.clientWidth,
    height: box.clientHeight,
    padding: [8, 10, 0, 0],
    legend: { show: false },
    cursor: {
      drag: { x: false, y: false },
      points: { size: 9, fill: accent, stroke: token(box, '--surface'), width: 2 },
    },
    scales: {
      x: { time: false, range: (_, min, max) => [Math.min(min, 1) - 0.5, Math.max(max, planned) + 0.5] },
      accuracy: { range: (_, min, max) => accuracyRange(min, max) },
      // If every update were refused a column would reach a third of the height: low enough to stay below the line.
      refused: { range: () => [0, Math.max(1, participants) * 3] },
    },
    axes: [
      { ...axis, grid: { show: false }, size: 28, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000] },
      {
        ...axis,
        scale: 'accuracy',
        size: 46,
        values: (_, marks) => marks.map((mark) => `${Math.round(mark * 100)} %`),
      },
    ],
    series: [
      {},
      {
        scale: 'accuracy',
        stroke: accent,
        width: 2,
        fill: `color-mix(in srgb, ${accent} 9%, transparent)`,
        points: { show: true, size: 5, fill: accent, stroke: accent },
        spanGaps: true,
      },
      {
        scale: 'refused',
        fill: token(box, '--bad-fill'),
        width: 0,
        ...(columns === undefined ? {} : { paths: columns }),
        points: { show: false },
      },
    ],
    hooks: { setCursor: [(chart) => onPoint(chart.cursor.idx ?? null)] },
  };
}

/** Room below the line for the columns, never outside [0, 1]. */
function accuracyRange(min: number | null, max: number | null): [number, number] {
  if (min === null || max === null) return [0, 1];
  const span = Math.max(0.1, max - min);
  return [Math.max(0, Math.floor((min - span * 0.35) * 20) / 20), Math.min(1, Math.ceil((max + span * 0.1) * 20) / 20)];
}
