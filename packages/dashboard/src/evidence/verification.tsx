import { Button } from '@mantine/core';
import { useState } from 'react';
import { useConnection } from '../api/context.tsx';
import { problemOf } from '../api/problem.ts';
import type { EvidenceView } from '../api/views.ts';
import { Hash } from '../parts/hash.tsx';
import { Icon } from '../parts/icons.tsx';
import { Panel } from '../parts/panel.tsx';
import { download } from './download.ts';
import style from './evidence.module.css';
import { type Outcome, VerificationResult } from './verification-result.tsx';

interface VerificationProps {
  readonly evidence: EvidenceView;
  /** The ledger the evidence must belong to; null while the swarm has not answered. */
  readonly chainId: string | null;
  readonly className?: string | undefined;
}

/** Fetches the bundle and checks every signature in this browser; nothing the gateway says about it is believed. */
export function Verification({ evidence, chainId, className }: VerificationProps) {
  const { api } = useConnection();
  const [busy, setBusy] = useState<'verify' | 'download' | null>(null);
  const [outcome, setOutcome] = useState<Outcome | null>(null);

  const run = async (task: 'verify' | 'download') => {
    setBusy(task);
    if (task === 'verify') setOutcome(null);
    try {
      const bundle = await api.evidenceBundle(evidence.id, new AbortController().signal);
      if (task === 'download') return download(bundle, fileName(evidence.id));
      // Loaded on demand: post-quantum signatures are no part of the first screen.
      const { verifyBundle } = await import('./verify.ts');
      setOutcome(verifyBundle(bundle, evidence, chainId ?? ''));
    } catch (error) {
      setOutcome({ kind: 'failed', problem: problemOf(error) });
    } finally {
      setBusy(null);
    }
  };

  return (
    <Panel title="Check it yourself" className={className}>
      <div className={style.actions}>
        <Button
          leftSection={<Icon name="evidence" />}
          loading={busy === 'verify'}
          disabled={busy !== null || chainId === null}
          onClick={() => void run('verify')}
        >
          Verify in this browser
        </Button>
        <Button
          variant="default"
          leftSection={<Icon name="download" />}
          loading={busy === 'download'}
          disabled={busy !== null}
          onClick={() => void run('download')}
        >
          Download the bundle
        </Button>
      </div>
      <div aria-live="polite">{outcome !== null && <VerificationResult outcome={outcome} />}</div>
      <p className={style.hint}>
        The button downloads the bundle and checks its signatures here. This page came from the same gateway: to trust
        neither, download the bundle and check it with your own copy:
      </p>
      <p className={style.command}>
        <Hash value={`murmur evidence verify ${fileName(evidence.id)}`} label="command" chars={120} />
      </p>
    </Panel>
  );
}

function fileName(id: string): string {
  return `evidence-${id}.murmur`;
}
