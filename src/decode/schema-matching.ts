/** Which types resolve to which: Avro specification 1.11, "Schema Resolution". */
import { type Kind, type RecordShape, type TypeView, branchesOf } from './avro-schema.js';
import type { Step } from './leaf-steps.js';

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
  return `written as ${nameOf(writer)}, which the reader schema's ${nameOf(reader)} cannot take`;
}

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

/** The reader's first branch of the writer's own kind and name, else the first it can be promoted to. */
export function matchingBranch(writer: TypeView, reader: TypeView): TypeView | null {
  const branches = branchesOf(reader);
  return (
    branches.find((branch) => branch.kind === writer.kind && matches(writer, branch)) ??
    branches.find((branch) => matches(writer, branch)) ??
    null
  );
}
