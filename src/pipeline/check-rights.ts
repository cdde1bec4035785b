import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import { messageOf } from '../errors.js';
import { type Resource, grantCommand } from '../kafka/grant-command.js';
import { type Granted, type GrantedRights, type Operation, grantedRights } from '../kafka/granted-rights.js';
import type { Finding } from './finding.js';

/** A right that something needs. */
interface Need {
  readonly resource: Resource;
  readonly operations: readonly Operation[];
  /** Without a fault `run` works. */
  readonly level: 'fault' | 'warning';
  readonly purpose: string;
}

/** Which rights are missing, each with the command that grants it. Rights on transactional ids are found by using one. */
export async function* checkRights(config: Config, log: Logger): AsyncGenerator<Finding> {
  const needs = needsOf(config);
  const names = (kind: Resource['kind']): string[] => [
    ...new Set(needs.flatMap(({ resource }) => (resource.kind === kind ? [askedName(resource)] : []))),
  ];
  let rights: GrantedRights;
  try {
    rights = await grantedRights(config.kafka, { topics: names('topic'), groups: names('group') }, log);
  } catch (error) {
    yield { level: 'fault', what: 'rights', message: messageOf(error) };
    return;
  }
  let isComplete = true;
  let isTold = true;
  for (const need of needs) {
    const granted = grantedOn(rights, need.resource);
    isTold &&= granted !== null;
    const missing = granted === null ? [] : need.operations.filter((operation) => !granted.has(operation));
    if (missing.length === 0) continue;
    isComplete = false;
    yield { level: need.level, what: 'rights', message: missingRight(config, need, missing) };
  }
  if (!isComplete) return;
  yield isTold
    ? {
        level: 'ok',
        what: 'rights',
        message: 'those of `run`, and those to read of the other commands, are granted',
      }
    : { level: 'ok', what: 'rights', message: 'none is known to be missing; of some the brokers do not say' };
}

/** The sentence of a missing right on transactional ids, which only using one shows. */
export function missingTransactionalId(config: Config): string {
  const resource: Resource = { kind: 'transactional-id', name: `${config.group}/`, prefixed: true };
  const purpose = 'output and offsets in one transaction';
  return missingRight(config, { resource, operations: ['Write'], level: 'fault', purpose }, ['Write']);
}

function needsOf({ group, input, output }: Config): Need[] {
  const topic = (name: string): Resource => ({ kind: 'topic', name });
  const readers = (command: string): Resource => ({
    kind: 'group',
    name: `${group}.${command}.`,
    prefixed: true,
  });
  const outputs = [output.anomalies, output.deadLetters];
  return [
    { resource: topic(input.topic), operations: ['Read'], level: 'fault', purpose: 'reading events' },
    ...outputs.map((name): Need => ({
      ...{ resource: topic(name), operations: ['Write', 'DescribeConfigs'], level: 'fault' },
      purpose: 'writing, and knowing max.message.bytes',
    })),
    {
      resource: { kind: 'group', name: group },
      operations: ['Read'],
      level: 'fault',
      purpose: 'joining the group',
    },
    {
      ...{ resource: topic(input.topic), operations: ['DescribeConfigs'], level: 'warning' },
      purpose: 'only `check` needs it, to compare max.message.bytes',
    },
    {
      ...{ resource: topic(output.anomalies), operations: ['Read'], level: 'warning' },
      purpose: 'only `tail` needs it',
    },
    {
      ...{ resource: topic(output.deadLetters), operations: ['Read'], level: 'warning' },
      purpose: 'only `dlq` needs it',
    },
    { resource: readers('dlq'), operations: ['Read'], level: 'warning', purpose: 'only `dlq` needs it' },
    { resource: readers('tail'), operations: ['Read'], level: 'warning', purpose: 'only `tail` needs it' },
    {
      ...{ resource: readers('train'), operations: ['Read'], level: 'warning' },
      purpose: 'only `train --from-topic` needs it',
    },
  ];
}

/** A prefix is asked about by a name that it covers. */
function askedName({ name, prefixed }: Resource): string {
  return prefixed === true ? `${name}check` : name;
}

function grantedOn({ topics, groups }: GrantedRights, resource: Resource): Granted {
  return (resource.kind === 'topic' ? topics : groups).get(askedName(resource)) ?? null;
}

function missingRight({ kafka }: Config, { resource, purpose }: Need, missing: readonly Operation[]): string {
  const where = `${resource.kind} ${resource.name}${resource.prefixed === true ? '…' : ''}`;
  return `${where}: not allowed: ${missing.join(', ')} (${purpose}); grant it with: ${grantCommand(kafka, resource, missing)}`;
}
