import { type Document, type Pair, Scalar, parseDocument, visit } from 'yaml';

export type Environment = Readonly<Record<string, string | undefined>>;

const VARIABLE = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;

/** A variable that is neither set nor given a default. */
export interface UnsetVariable {
  readonly name: string;
  readonly path: readonly (string | number)[];
}

/**
 * Replaces `${NAME}` and `${NAME:-default}` in every text of the document, in place. An unquoted value becomes what
 * YAML makes of the replaced text, so that `port: ${PORT}` is a number; a quoted one stays text.
 */
export function replaceVariables(document: Document, environment: Environment): UnsetVariable | null {
  let unset: UnsetVariable | null = null;
  visit(document, {
    Scalar(key, node, path) {
      if (key === 'key' || typeof node.value !== 'string' || !node.value.includes('${')) return undefined;
      const text = node.value.replace(VARIABLE, (_all, name: string, fallback?: string) => {
        const value =
          environment[name] === '' && fallback !== undefined ? fallback : (environment[name] ?? fallback);
        if (value === undefined) unset ??= { name, path: pathOf(path, key) };
        return value ?? '';
      });
      node.value = node.type === Scalar.PLAIN ? plainValue(text) : text;
      return undefined;
    },
  });
  return unset;
}

/** A password that YAML has a meaning for (`@…`, `a: b`) is a text. YAML's own complaint would quote it. */
function plainValue(text: string): unknown {
  const document = parseDocument(text);
  const value: unknown = document.errors.length > 0 ? text : document.toJS();
  return typeof value === 'object' && value !== null ? text : value;
}

function pathOf(ancestors: readonly unknown[], key: unknown): (string | number)[] {
  const path: (string | number)[] = [];
  for (const ancestor of ancestors) {
    const name = (ancestor as Pair<Scalar<string>>).key?.value;
    if (typeof name === 'string') path.push(name);
  }
  if (typeof key === 'number') path.push(key);
  return path;
}
