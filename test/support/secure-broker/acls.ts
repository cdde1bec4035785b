import type { AclEntry, Admin } from 'kafkajs';
import { type KafkaConfig, createClient } from '../../../src/kafka/client.js';
import { log } from '../scenario.js';

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
  }

  async take(user: string, rights: readonly Right[]): Promise<void> {
    await this.connect();
    await this.admin.deleteAcls({ filters: rights.map((right) => entry(user, right)) });
  }

  async takeAll(user: string): Promise<void> {
    await this.connect();
    const ANY = 1;
    await this.admin.deleteAcls({
      filters: [
        {
          ...{ resourceType: ANY, resourcePatternType: ANY, operation: ANY, permissionType: ANY },
          principal: `User:${user}`,
        } as unknown as AclEntry,
      ],
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.connected !== null) await this.admin.disconnect();
  }

  private async connect(): Promise<void> {
    await (this.connected ??= this.admin.connect());
  }
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
