import 'uplot/dist/uPlot.min.css';
import { useMantineColorScheme } from '@mantine/core';
import { type KeyboardEvent, useEffect, useMemo, useRef } from 'react';
import uPlot from 'uplot';
import type { RoundView } from '../api/views.ts';
import { percent } from '../format/numbers.ts';
import style from './chart.module.css';
import { chartOptions } from './chart-options.ts';

interface AccuracyChartProps {
  readonly rounds: readonly RoundView[];
  readonly planned: number;
  readonly pointed: number | null;
  readonly onPoint: (round: number | null) => void;
}

/** Accuracy as a line, refused updates as columns below it. Arrow keys walk the rounds. */
export default function AccuracyChart({ rounds, planned, pointed, onPoint }: AccuracyChartProps) {
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const scheme = useResolvedScheme();
  const data = useMemo(() => columns(rounds), [rounds]);
  const participants = Math.max(...rounds.map((round) => round.participants));
  const latest = useRef({ data, onPoint, rounds });
  latest.current = { data, onPoint, rounds };

  // biome-ignore lint/correctness/useExhaustiveDependencies: the scheme's colours are read from the page when it changes
  useEffect(() => {
    const box = frame.current;
    if (box === null) return;
    const point = (index: number | null) =>
      latest.current.onPoint(index === null ? null : (latest.current.rounds[index]?.round ?? null));
    const chart = new uPlot(chartOptions(box, planned, participants, point), latest.current.data, box);
    plot.current = chart;
    const observer = new ResizeObserver(() => chart.setSize({ width: box.clientWidth, height: box.clientHeight }));
    observer.observe(box);
    return () => {
      observer.disconnect();
      chart.destroy();
      plot.current = null;
    };
  }, [planned, participants, scheme]);

  useEffect(() => plot.current?.setData(data), [data]);

  const walk = (event: KeyboardEvent) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const at = rounds.findIndex((round) => round.round === pointed);
    const from = at === -1 ? rounds.length - 1 : at;
    const next = Math.min(rounds.length - 1, Math.max(0, from + step));
    onPoint(rounds[next]?.round ?? null);
    plot.current?.setCursor(cursorAt(plot.current, next), false);
  };

  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys move along the chart
    <div ref={frame} className={style.frame} role="img" aria-label={describe(rounds)} tabIndex={0} onKeyDown={walk} />
  );
}

function cursorAt(chart: uPlot, index: number): { left: number; top: number } {
  const x = chart.data[0][index] ?? 0;
  const y = chart.data[1]?.[index] ?? 0;
  return { left: chart.valToPos(x, 'x'), top: chart.valToPos(y ?? 0, 'accuracy') };
}

function columns(rounds: readonly RoundView[]): uPlot.AlignedData {
  return [
    rounds.map((round) => round.round),
    rounds.map((round) => round.accuracy),
    rounds.map((round) => round.refused),
  ];
}

function describe(rounds: readonly RoundView[]): string {
  const first = rounds[0];
  const last = rounds.at(-1);
  if (first === undefined || last === undefined) return 'Accuracy by round: no round yet';
  const refused = rounds.reduce((sum, round) => sum + round.refused, 0);
  return `Accuracy by round: from ${percent(first.accuracy)} in round ${first.round} to ${percent(last.accuracy)} in round ${last.round}; ${refused} updates refused. Arrow keys walk the rounds.`;
}

function useResolvedScheme(): 'light' | 'dark' {
  const { colorScheme } = useMantineColorScheme();
  if (colorScheme !== 'auto') return colorScheme;
  return window.matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
}
