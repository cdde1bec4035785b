import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { Config } from '../config/config.js';
import type { Judge } from '../detect/judge.js';
import type { EventReading } from '../pipeline/setup.js';
import { replayGroup } from './replay-names.js';
import type { ReplaySpec } from './replay-note.js';

/**
 * The configuration of a replay's workers: the live one, under a group of its own and with outputs of its own, and
 * nothing on HTTP. A replay is exactly once whatever the fleet is.
 */
export function replayConfig(
  live: Config,
  id: string,
  { output, deadLetters }: Pick<ReplaySpec, 'output' | 'deadLetters'>,
): Config {
  return {
    ...live,
    group: replayGroup(live.group, id),
    output: { ...live.output, anomalies: output, deadLetters },
    delivery: 'exactly-once',
    http: null,
  };
}

/** `shuttle@1a2b3c4d` */
export function modelText({ identity }: Judge): string {
  return `${identity.name}@${identity.version}`;
}

/** @returns 12 hex digits of everything that verdicts depend on beside the model: features, threshold, schema, limits */
export function verdictDigest(
  { input }: Config,
  { reader, definitions, names }: EventReading,
  judge: Judge,
): string {
  const { topic, encoding, entity, time, maxEventBytes } = input;
  const facts = {
    input: { topic, encoding, entity, time, maxEventBytes },
    schema: reader.schema({ exportAttrs: true }),
    features: { names, definitions },
    detector: judge.identity.detector,
    threshold: judge.threshold,
  };
  return createHash('sha256')
    .update(canonicalize(facts) ?? '')
    .digest('hex')
    .slice(0, 12);
}
