/** Which types resolve to which: Avro specification 1.12, "Schema Resolution". */
import type { Type } from 'avsc';
import { type Kind, type RecordShape, type TypeView, branchesOf } from './avro-schema.js';
import type { Step } from './step.js';

const PROMOTIONS: Partial<Record<Kind, readonly Kind[]>> = {
  int: ['long', 'float', 'double'],
  long: ['float', 'double'],
  float: ['double'],
  string: ['bytes'],
  bytes: ['string'],
};

/** The step for a value that never resolves: it fails, and says why. */
export function mismatch(writer: TypeView, reader: TypeView): Step {
  const fault = mismatchFault(writer, reader);
  return (cursor) => cursor.fail(fault);
}

export function mismatchFault(writer: TypeView, reader: TypeView): string {
  const [from, to] = [nameOf(writer), nameOf(reader)].map((name) =>
    name.length > NAME_CHARS_MAX ? `${name.slice(0, NAME_CHARS_MAX)}…` : name,
  );
  return `written as ${from}, which the reader schema's ${to} cannot take`;
}

/** A union may have a thousand branches. */
const NAME_CHARS_MAX = 200;

function nameOf(view: TypeView): string {
  if (view.kind === 'union') return `union of ${branchesOf(view).map(nameOf).join(', ')}`;
  const { name } = view.type as { name?: string };
  return name === undefined ? view.kind : `${view.kind} ${name}`;
}

function unqualified(name: string | undefined): string {
  return name?.split('.').pop() ?? '';
}

/** Whether a writer's type resolves to a reader's, unions aside, by kind, name and promotion. */
export function matches(writer: TypeView, reader: TypeView): boolean {
  if (writer.kind !== reader.kind) return PROMOTIONS[writer.kind]?.includes(reader.kind) ?? false;
  if (writer.kind !== 'record' && writer.kind !== 'enum' && writer.kind !== 'fixed') return true;
  const from = writer.type as unknown as RecordShape & { size?: number };
  const to = reader.type as unknown as RecordShape & { size?: number };
  const sameName = unqualified(from.name) === unqualified(to.name) || to.aliases.includes(from.name ?? '');
  return sameName && from.size === to.size;
}

/** The reader's branch of the writer's own kind and full name, or null. */
export function exactBranch(writer: TypeView, reader: TypeView): TypeView | null {
  let byName = branchesByName.get(reader.type);
  if (byName === undefined) {
    byName = new Map(branchesOf(reader).map((branch) => [keyOf(branch), branch]));
    branchesByName.set(reader.type, byName);
  }
  const branch = byName.get(keyOf(writer));
  return branch !== undefined && matches(writer, branch) ? branch : null;
}

const branchesByName = new WeakMap<Type, ReadonlyMap<string, TypeView>>();

function keyOf({ kind, type }: TypeView): string {
  return `${kind} ${type.name ?? ''}`;
}

/** Where none is exact: the reader's first branch of the writer's kind, else the first it can be promoted to. */
export function nearestBranch(writer: TypeView, reader: TypeView): TypeView | null {
  const matching = branchesOf(reader).filter((branch) => matches(writer, branch));
  return matching.find(({ kind }) => kind === writer.kind) ?? matching[0] ?? null;
}
