import { useMantineColorScheme } from '@mantine/core';
import Graph from 'graphology';
import { useEffect, useRef } from 'react';
import Sigma from 'sigma';
import type { DeviceView, SwarmSnapshot } from '../api/views.ts';
import { Empty } from '../parts/answer.tsx';
import { navigate } from '../routing/location.ts';
import { pathOf } from '../routing/routes.ts';
import type { Choice } from './choice.ts';
import { inOrder, pairs } from './layout.ts';
import style from './topology.module.css';

const FILL: Readonly<Record<DeviceView['state'], string>> = {
  up: '--ok-fill',
  starting: '--warn-fill',
  down: '--idle-fill',
  quarantined: '--bad-fill',
};
/** The angle that spreads points of a spiral evenly over a disc. */
const GOLDEN_ANGLE = Math.PI * (3 - Math.sqrt(5));

/** A large swarm on the GPU: a disc filled by name, deterministic, drawn anew only when the swarm changes. */
export default function Cloud({ snapshot, chosen, onChoose }: Choice) {
  const box = useRef<HTMLDivElement>(null);
  const sigma = useRef<Sigma | null>(null);
  const { colorScheme } = useMantineColorScheme();
  const choose = useRef(onChoose);
  choose.current = onChoose;
  const supported = useRef(hasWebGl());

  // biome-ignore lint/correctness/useExhaustiveDependencies: the scheme's colours are read from the page when it changes
  useEffect(() => {
    const container = box.current;
    if (container === null) return;
    const view = new Sigma(graphOf(snapshot, colourOf(container)), container, {
      labelColor: { color: colourOf(container)('--text') },
      labelRenderedSizeThreshold: 9,
      renderEdgeLabels: false,
      allowInvalidContainer: true,
    });
    view.on('enterNode', ({ node }) => choose.current(node));
    view.on('leaveNode', () => choose.current(null));
    view.on('clickNode', ({ node }) => navigate(pathOf.device(node)));
    sigma.current = view;
    return () => {
      sigma.current = null;
      view.kill();
    };
  }, [signature(snapshot), colorScheme]);

  useEffect(() => {
    const view = sigma.current;
    view?.setSetting('nodeReducer', (node, data) => (node === chosen ? { ...data, size: 9, forceLabel: true } : data));
  }, [chosen]);

  if (!supported.current) {
    return (
      <Empty title="This browser cannot draw a map of this size (it has no WebGL)">The list holds the same.</Empty>
    );
  }
  return (
    <div
      ref={box}
      className={style.cloud}
      role="img"
      aria-label="Map of the connections; the list beside it holds the same"
    />
  );
}

function hasWebGl(): boolean {
  return document.createElement('canvas').getContext('webgl2') !== null;
}

function colourOf(box: HTMLElement): (name: string) => string {
  const styles = getComputedStyle(box);
  return (name) => styles.getPropertyValue(name).trim();
}

function graphOf({ devices, links }: SwarmSnapshot, colour: (name: string) => string): Graph {
  const graph = new Graph({ type: 'undirected' });
  inOrder(devices).forEach((device, index) => {
    const radius = Math.sqrt(index + 0.5);
    graph.addNode(device.device, {
      x: radius * Math.cos(index * GOLDEN_ANGLE),
      y: radius * Math.sin(index * GOLDEN_ANGLE),
      size: device.role === 'replica' ? 6 : 4,
      label: device.name,
      color: colour(FILL[device.state]),
    });
  });
  for (const { from, to } of pairs(links)) {
    if (graph.hasNode(from) && graph.hasNode(to))
      graph.addEdge(from, to, { color: colour('--line-strong'), size: 0.6 });
  }
  return graph;
}

/** What the drawing depends on; heights and latencies change every second and are not part of it. */
function signature({ devices, links }: SwarmSnapshot): string {
  return `${devices.map(({ device, state }) => `${device}:${state}`).join(',')}|${links.length}`;
}
