import type { Type } from 'avsc';
import type { Config } from '../config/config.js';
import { type Unresolved, unresolved } from '../decode/reader-compiler.js';
import { isAbsent, RegistryClient } from '../decode/registry-client.js';
import type { RegistryOptions } from '../decode/registry-http.js';
import { readSchemaFolder } from '../decode/schema-folder.js';
import { parseRegistered } from '../decode/schema-references.js';
import { isNoSchema } from '../decode/schema-source.js';
import { anomalySchemaText } from '../publish/anomaly-record.js';
import { type Finding, fault, ok, tried, warning } from './finding.js';
import type { EventReading } from './setup.js';

/** Versions of the input's subject, the newest, that are compared with the reader schema. */
const VERSIONS_MAX = 100;
/** Faults of one schema that are named. */
const NAMED_MAX = 3;

/**
 * Whether the registry answers, holds what Outrider writes, and holds what Outrider can read. Registers nothing.
 * @param reading null where the reader schema is at fault itself
 */
export async function* checkRegistry(
  config: Config,
  reading: EventReading | null,
  signal: AbortSignal,
): AsyncGenerator<Finding> {
  const { registry, encoding } = config.input;
  if (registry === null) return;
  if (registry.username !== undefined && isInTheClear(registry.url))
    yield warning('registry', `${registry.url}: without https the password crosses the network in the clear`);
  const client = new RegistryClient(registry);
  let isReachable = false;
  yield* tried('registry', async () => {
    await client.ping(signal);
    isReachable = true;
    return `${registry.url} answers`;
  });
  if (!isReachable) return;
  yield* tried('registry', () => ownSchema(config, registry, client, signal));
  if (encoding === 'confluent' && reading !== null) yield* checkVersions(config, reading, client, signal);
}

function isInTheClear(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && !/^(localhost|127\..*|\[::1\])$/.test(hostname);
}

async function ownSchema(
  config: Config,
  registry: RegistryOptions,
  client: RegistryClient,
  signal: AbortSignal,
): Promise<string> {
  const { subject } = config.output;
  const schema = anomalySchemaText();
  const id = await client.lookUp(subject, schema, signal);
  if (id !== null) return `${subject} holds Outrider's schema, id ${id}`;
  if (!registry.register)
    throw new Error(
      `${subject} does not hold Outrider's schema; register it, or set input.registry.register: true`,
    );
  if (!(await client.wouldTake(subject, schema, signal)))
    throw new Error(
      `${subject} holds another schema, and its compatibility rule does not let Outrider's in; use another output.anomalies`,
    );
  return `${subject} does not hold Outrider's schema yet; the first start registers it`;
}

/** Every version of `<input>-value` against the reader schema, the newest first. */
async function* checkVersions(
  config: Config,
  reading: EventReading,
  client: RegistryClient,
  signal: AbortSignal,
): AsyncGenerator<Finding> {
  const subject = `${config.input.topic}-value`;
  try {
    const all = await client.versions(subject, signal);
    const versions = all.slice(-VERSIONS_MAX).reverse();
    if (versions.length === 0) {
      yield warning(
        'writer schemas',
        `the registry has no subject ${subject}: whether its events can be read is not known`,
      );
      return;
    }
    let readable = 0;
    for (const [index, version] of versions.entries()) {
      const found = await client.version(subject, version, signal);
      const type = isAbsent(found) ? found : await parseRegistered(client, found, signal);
      const name = `${subject}, version ${version}`;
      const finding = isNoSchema(type) ? { isFault: true, text: type.why } : faultOf(type, reading);
      if (finding === null) readable++;
      else if (finding.isFault && index === 0)
        yield fault('writer schemas', new Error(`${name} (the latest): ${finding.text}`));
      else yield warning('writer schemas', `${name}: ${finding.text}`);
    }
    const rest =
      all.length > versions.length ? `; ${all.length - versions.length} older ones were not read` : '';
    if (readable === versions.length)
      yield ok('writer schemas', `${subject}: all ${readable} versions can be read${rest}`);
  } catch (error) {
    yield fault('writer schemas', error);
  }
}

/** A folder has no order, and may hold schemas of other topics: what cannot be read is a warning. */
export function* checkSchemaFolder(config: Config, reading: EventReading): Generator<Finding> {
  const { encoding, schemas } = config.input;
  if (encoding !== 'single-object') return;
  let files: ReadonlyMap<string, Type>;
  try {
    files = readSchemaFolder(schemas);
  } catch (error) {
    yield fault('writer schemas', error);
    return;
  }
  let readable = 0;
  for (const [name, type] of files) {
    const finding = faultOf(type, reading);
    if (finding === null) readable++;
    else yield warning('writer schemas', `${schemas}/${name}: ${finding.text}`);
  }
  yield ok('writer schemas', `${schemas}: ${readable} of ${files.size} can be read`);
}

/** What of a writer's events cannot be read; null when everything can. A fault where no event can. */
function faultOf(writer: Type, { reader, plan }: EventReading): { isFault: boolean; text: string } | null {
  const faults = unresolved(writer, reader, plan.root);
  if (faults.length === 0) return null;
  const always = faults.filter(({ isAlways }) => isAlways);
  const shown = always.length > 0 ? always : faults;
  const more = shown.length > NAMED_MAX ? `; and ${shown.length - NAMED_MAX} more` : '';
  const text = `${shown.slice(0, NAMED_MAX).map(described).join('; ')}${more}`;
  return always.length > 0
    ? { isFault: true, text: `its events cannot be read: ${text}` }
    : { isFault: false, text: `some of its events cannot be read: ${text}` };
}

function described({ path, fault: what }: Unresolved): string {
  return path === '' ? `the event is ${what}` : `${path}: ${what}`;
}
