/** One Prometheus text from several: each sample gains `device="name"`, each family its header once. */
export function mergeMetrics(texts: ReadonlyMap<string, string>): string {
  const families = new Map<string, { readonly head: string[]; readonly samples: string[] }>();
  for (const [device, text] of texts) {
    let family = { head: [] as string[], samples: [] as string[] };
    for (const line of text.split('\n')) {
      const header = line.match(/^# (?:HELP|TYPE) (\S+)/);
      if (header?.[1] !== undefined) {
        const known = families.get(header[1]);
        family = known ?? { head: [], samples: [] };
        families.set(header[1], family);
        if (!family.head.includes(line)) family.head.push(line);
      } else if (line.trim() !== '' && !line.startsWith('#')) {
        family.samples.push(withLabel(line, device));
      }
    }
  }
  return [...families.values()].map(({ head, samples }) => `${[...head, ...samples].join('\n')}\n`).join('');
}

function withLabel(sample: string, device: string): string {
  const [, name, labels, value] = sample.match(/^([^\s{]+)(?:\{(.*)\})?\s(.*)$/) ?? [];
  const label = `device="${device}"`;
  return `${name}{${labels ? `${labels},` : ''}${label}} ${value}`;
}
