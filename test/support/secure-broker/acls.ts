import type { AclEntry, Admin } from 'kafkajs';
import { type KafkaConfig, createClient } from '../../../src/kafka/client.js';
import { log } from '../scenario.js';
import { until } from '../until.js';

/** Numbers of the protocol (AclOperation, ResourceType, PatternType in kafka-clients). */
const OPERATIONS = {
  read: 3,
  write: 4,
  create: 5,
  delete: 6,
  describe: 8,
  'describe-configs': 10,
  'idempotent-write': 12,
} as const;
const RESOURCES = { topic: 2, group: 3, cluster: 4, 'transactional-id': 5 } as const;
const PATTERNS = { literal: 3, prefixed: 4 } as const;
const ALLOW = 3;

export interface Right {
  readonly resource: keyof typeof RESOURCES;
  readonly name: string;
  readonly pattern: keyof typeof PATTERNS;
  readonly operation: keyof typeof OPERATIONS;
}

/** Grants and takes rights, as the super user. */
export class Acls implements AsyncDisposable {
  private readonly admin: Admin;
  private connected: Promise<void> | null = null;

  constructor(kafka: KafkaConfig) {
    this.admin = createClient(kafka, 'admin', log).admin();
  }

  async grant(user: string, rights: readonly Right[]): Promise<void> {
    await this.connect();
    await this.admin.createAcls({ acl: rights.map((right) => entry(user, right)) });
    await this.settled(user, (known) => rights.every((right) => known.has(textOf(entry(user, right)))));
  }

  async take(user: string, rights: readonly Right[]): Promise<void> {
    await this.connect();
    await this.admin.deleteAcls({ filters: rights.map((right) => entry(user, right)) });
    await this.settled(user, (known) => !rights.some((right) => known.has(textOf(entry(user, right)))));
  }

  async takeAll(user: string): Promise<void> {
    await this.connect();
    await this.admin.deleteAcls({ filters: [everythingOf(user)] });
    await this.settled(user, (known) => known.size === 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.connected !== null) await this.admin.disconnect();
  }

  /** The controller has taken the change; the broker hears of it a moment later. */
  private async settled(user: string, isDone: (known: ReadonlySet<string>) => boolean): Promise<void> {
    await until('the broker knows of the rights', 30_000, async () => {
      const { resources } = await this.admin.describeAcls(everythingOf(user));
      const known = resources.flatMap(({ acls, ...resource }) =>
        acls.map((acl) => textOf({ ...resource, ...acl })),
      );
      return isDone(new Set(known));
    });
  }

  private async connect(): Promise<void> {
    await (this.connected ??= this.admin.connect());
  }
}

const ANY = 1;

function everythingOf(user: string): AclEntry {
  const numbers = { resourceType: ANY, resourcePatternType: ANY, operation: ANY, permissionType: ANY };
  return { ...(numbers as object), principal: `User:${user}` } as AclEntry;
}

function textOf(
  right: Pick<AclEntry, 'resourceType' | 'resourceName' | 'resourcePatternType' | 'operation'>,
): string {
  return [right.resourceType, right.resourceName, right.resourcePatternType, right.operation].join(' ');
}

function entry(user: string, { resource, name, pattern, operation }: Right): AclEntry {
  const numbers = {
    resourceType: RESOURCES[resource],
    resourcePatternType: PATTERNS[pattern],
    operation: OPERATIONS[operation],
    permissionType: ALLOW,
  };
  return { ...(numbers as object), resourceName: name, principal: `User:${user}`, host: '*' } as AclEntry;
}

/** What docs/SECURITY.md lists for `run`. */
export function rightsOfRun(at: {
  readonly group: string;
  readonly input: string;
  readonly outputs: readonly string[];
}): Right[] {
  const literal = (resource: Right['resource'], name: string, operation: Right['operation']): Right => ({
    ...{ resource, name, operation, pattern: 'literal' },
  });
  return [
    literal('topic', at.input, 'read'),
    ...at.outputs.flatMap((topic) => [
      literal('topic', topic, 'write'),
      literal('topic', topic, 'describe-configs'),
    ]),
    literal('group', at.group, 'read'),
    { resource: 'transactional-id', name: `${at.group}/`, pattern: 'prefixed', operation: 'write' },
  ];
}
