import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import avro, { type Schema, type Type } from 'avsc';
import { singleObjectHeader } from '../decode/fingerprint.js';
import type { OutgoingRecord, TopicPartition } from '../model.js';
import { packageRoot } from '../package-root.js';
import type { LedgerPage } from './ledger.js';

/** A record of the ledger topic, of one partition of a dead-letter topic. */
export interface LedgerEntry {
  readonly of: TopicPartition;
  readonly firstOffset: number;
  /** Null: the letters are gone. */
  readonly page: LedgerPage | null;
}

interface Written {
  readonly topic: string;
  readonly partition: number;
  readonly firstOffset: number;
  readonly witnessOffset: number;
  readonly witnessTime: number;
  readonly states: Buffer;
}

let type: Type | null = null;

function ledgerType(): Type {
  type ??= avro.Type.forSchema(
    JSON.parse(readFileSync(join(packageRoot(), 'schemas', 'redriven.avsc'), 'utf8')) as Schema,
  );
  return type;
}

type Target = Pick<OutgoingRecord, 'topic' | 'partition'>;

/** `schemas/redriven.avsc`, single-object encoded; the key is the letters' place, so that compaction keeps the last. */
export function pageRecord(
  to: Target,
  { topic, partition }: TopicPartition,
  page: LedgerPage,
): OutgoingRecord {
  return record(to, `${topic}/${partition}/${page.firstOffset}`, {
    topic,
    partition,
    firstOffset: page.firstOffset,
    witnessOffset: page.witnessOffset,
    witnessTime: page.witnessTimeMs,
    states: page.states,
  });
}

/** The mark of who took over: what stands before it is all that can be before it. */
export function takeOverRecord(to: Target, { topic, partition }: TopicPartition): OutgoingRecord {
  const page = { firstOffset: -1, witnessOffset: -1, witnessTime: 0, states: Buffer.alloc(0) };
  return record(to, `${topic}/${partition}`, { topic, partition, ...page });
}

/** Takes a page of letters that are gone out of the topic. */
export function goneRecord(
  to: Target,
  { topic, partition }: TopicPartition,
  firstOffset: number,
): OutgoingRecord {
  return { ...to, key: Buffer.from(`${topic}/${partition}/${firstOffset}`), value: null, headers: [] };
}

/** @returns null for what says nothing of letters: the mark of a redrive, or somebody else's record */
export function readEntry(key: Buffer | null, value: Buffer | null): LedgerEntry | null {
  const [, topic, partition, firstOffset] = PAGE_KEY.exec(key?.toString('latin1') ?? '') ?? [];
  if (topic === undefined || partition === undefined || firstOffset === undefined) return null;
  const of = { topic, partition: Number(partition) };
  if (value === null) return { of, firstOffset: Number(firstOffset), page: null };
  const header = singleObjectHeader(ledgerType());
  if (!value.subarray(0, header.length).equals(header)) return null;
  const written = ledgerType().fromBuffer(value.subarray(header.length)) as Written;
  const { witnessOffset, witnessTime: witnessTimeMs, states } = written;
  const page = {
    firstOffset: written.firstOffset,
    witnessOffset,
    witnessTimeMs,
    states: Buffer.from(states),
  };
  return { of, firstOffset: page.firstOffset, page };
}

/** @returns whose mark it is: the letters that a redrive took over; null for any other record */
export function readMark(key: Buffer | null): TopicPartition | null {
  const [, topic, partition] = MARK_KEY.exec(key?.toString('latin1') ?? '') ?? [];
  return topic === undefined || partition === undefined ? null : { topic, partition: Number(partition) };
}

const MARK_KEY = /^([^/]+)\/(\d+)$/;
const PAGE_KEY = /^([^/]+)\/(\d+)\/(\d+)$/;

function record(to: Target, key: string, written: Written): OutgoingRecord {
  const value = Buffer.concat([singleObjectHeader(ledgerType()), ledgerType().toBuffer(written)]);
  return { ...to, key: Buffer.from(key), value, headers: [] };
}
