import type { KafkaConfig } from './client.js';
import type { Operation } from './granted-rights.js';

/** A resource that rights are given on. `name` is the start of a name where `prefixed`. */
export interface Resource {
  readonly kind: 'topic' | 'group' | 'transactional-id' | 'cluster';
  readonly name: string;
  readonly prefixed?: boolean;
}

/** The command that gives the client rights, for whoever may give them. */
export function grantCommand(
  kafka: KafkaConfig,
  { kind, name, prefixed }: Resource,
  operations: readonly Operation[],
): string {
  return [
    'kafka-acls.sh --bootstrap-server',
    kafka.brokers[0] ?? 'localhost:9092',
    '--command-config admin.properties --add --allow-principal',
    quoted(principal(kafka)),
    ...operations.map((operation) => `--operation ${operation}`),
    ...(kind === 'cluster' ? ['--cluster'] : [`--${kind}`, quoted(name)]),
    ...(prefixed === true ? ['--resource-pattern-type prefixed'] : []),
  ].join(' ');
}

/** With a user name it is that. What a broker makes of a certificate or a token it does not tell its client. */
function principal({ sasl }: KafkaConfig): string {
  return `User:${sasl !== null && 'username' in sasl ? sasl.username : '<principal>'}`;
}

function quoted(text: string): string {
  return /^[A-Za-z0-9._:/@-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
