import type { Type } from 'avsc';
import { closest } from 'fastest-levenshtein';
import { type FieldPath, formatFieldPath } from '../field-path.js';
import { type Kind, type TypeView, branchesOf, insideType, unitOf, viewOf } from './avro-schema.js';

/** What a leaf of the event is wanted for. */
export interface Leaf {
  /** Columns of the output matrix that take this number. */
  readonly slots: number[];
  isTime: boolean;
  isEntity: boolean;
}

/** The wanted leaves as a tree along the reader schema. */
export interface PlanNode {
  readonly children: Map<string | number, PlanNode>;
  leaf: Leaf | null;
}

/** Which fields the decoder takes out of an event. */
export interface FieldPlan {
  readonly root: PlanNode;
  /** Numeric fields, in the order of the matrix's columns. */
  readonly width: number;
  readonly hasTime: boolean;
  readonly hasEntity: boolean;
}

const NUMERIC: ReadonlySet<Kind> = new Set(['boolean', 'int', 'long', 'float', 'double']);
const SCALAR: ReadonlySet<Kind> = new Set([...NUMERIC, 'string', 'bytes', 'enum', 'fixed']);

export interface FieldRequest {
  readonly fields: readonly FieldPath[];
  readonly time: FieldPath | null;
  readonly entity: FieldPath | null;
}

/** A path that the reader schema does not have, or whose type is of no use. */
export interface PlanFault {
  readonly use: 'feature' | 'time' | 'entity';
  readonly path: string;
  readonly message: string;
}

/**
 * Checks the wanted paths against the reader schema.
 * @returns the plan, or what is wrong with the first path that does not fit
 */
export function planFields(reader: Type, request: FieldRequest): FieldPlan | PlanFault {
  const root: PlanNode = { children: new Map(), leaf: null };
  const wanted = [
    ...request.fields.map((path, slot) => ({ path, slot, use: 'feature' as const, kinds: NUMERIC })),
    ...(request.time === null
      ? []
      : [{ path: request.time, slot: -1, use: 'time' as const, kinds: NUMERIC }]),
    ...(request.entity === null
      ? []
      : [{ path: request.entity, slot: -1, use: 'entity' as const, kinds: SCALAR }]),
  ];
  for (const { path, slot, use, kinds } of wanted) {
    const fault = checkPath(viewOf(reader), path, kinds);
    if (fault !== null) return { use, path: formatFieldPath(path), message: fault };
    const leaf = leafAt(root, path);
    if (use === 'feature') leaf.slots.push(slot);
    if (use === 'time') leaf.isTime = true;
    if (use === 'entity') leaf.isEntity = true;
  }
  return {
    root,
    width: request.fields.length,
    hasTime: request.time !== null,
    hasEntity: request.entity !== null,
  };
}

/** Whether a path of the reader schema leads to a logical time, in some branch of the unions on its way. */
export function isTimeField(reader: Type, path: FieldPath): boolean {
  let views = branchesOf(viewOf(reader));
  for (const segment of path) {
    const inner = views.map((view) => insideType(view, segment)).filter((type) => type !== null);
    views = inner.flatMap((type) => branchesOf(viewOf(type)));
  }
  return views.some((view) => unitOf(view) !== null);
}

export function isPlanFault(result: FieldPlan | PlanFault): result is PlanFault {
  return 'message' in result;
}

function leafAt(root: PlanNode, path: FieldPath): Leaf {
  let node = root;
  for (const segment of path) {
    let child = node.children.get(segment);
    if (child === undefined) {
      child = { children: new Map(), leaf: null };
      node.children.set(segment, child);
    }
    node = child;
  }
  node.leaf ??= { slots: [], isTime: false, isEntity: false };
  return node.leaf;
}

interface RecordInsides {
  readonly fields: readonly { readonly name: string; readonly type: Type }[];
}

function checkPath(view: TypeView, path: FieldPath, kinds: ReadonlySet<Kind>, depth = 0): string | null {
  if (view.kind === 'union') {
    const branches = branchesOf(view).filter((branch) => branch.kind !== 'null');
    const faults = branches.map((branch) => checkPath(branch, path, kinds, depth));
    return faults.includes(null) ? null : (faults[0] ?? 'the schema only allows null here');
  }
  const at = formatFieldPath(path.slice(0, depth)) || 'the event';
  if (depth === path.length)
    return kinds.has(view.kind) ? null : `${at} is ${withArticle(view)} in the schema, not ${wording(kinds)}`;
  const segment = path[depth] as string | number;
  if (view.kind === 'record') {
    const { fields } = view.type as unknown as RecordInsides;
    const field = fields.find(({ name }) => name === segment);
    if (field !== undefined) return checkPath(viewOf(field.type), path, kinds, depth + 1);
    const names = fields.map(({ name }) => name);
    const near = names.length === 0 ? '' : `; the nearest is '${closest(String(segment), names)}'`;
    return `${at} has no field '${segment}' in the schema${near}`;
  }
  if (view.kind === 'array') {
    if (typeof segment !== 'number') return `${at} is an array in the schema: write an index, as in ${at}[0]`;
    return checkPath(viewOf((view.type as unknown as { itemsType: Type }).itemsType), path, kinds, depth + 1);
  }
  if (view.kind === 'map')
    return checkPath(
      viewOf((view.type as unknown as { valuesType: Type }).valuesType),
      path,
      kinds,
      depth + 1,
    );
  return `${at} is ${withArticle(view)} in the schema: there is nothing inside it`;
}

function withArticle({ kind, logical }: TypeView): string {
  const name = logical ?? kind;
  return /^[aeiou]/.test(name) ? `an ${name}` : `a ${name}`;
}

function wording(kinds: ReadonlySet<Kind>): string {
  return kinds === NUMERIC ? 'a number' : 'text or a number';
}
