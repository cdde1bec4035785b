import { readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import { ConfigurationError, fileFaultOf } from '../errors.js';
import { compileConfig } from './compile.js';
import type { Config } from './config.js';
import { type Environment, replaceVariables } from './environment.js';
import { configurationError } from './fault.js';

/** Values that flags lay over the file's, by key path. */
export type Overrides = readonly { readonly path: readonly string[]; readonly value: unknown }[];

/** The configuration file where no flag names another. */
export const CONFIG_FILE_DEFAULT = 'outrider.yml';

/**
 * Reads, completes and checks a configuration file.
 * @throws ConfigurationError naming the file and the key path
 */
export function loadConfig(file: string, environment: Environment, overrides: Overrides = []): Config {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new ConfigurationError(
      `${file}: cannot be read: ${fileFaultOf(cause)}; \`outrider init\` writes a starter, --config names another`,
      { cause },
    );
  }
  return parseConfig(file, text, environment, overrides);
}

export function parseConfig(
  file: string,
  text: string,
  environment: Environment,
  overrides: Overrides = [],
): Config {
  const document = parseDocument(text, { prettyErrors: true });
  const [syntaxError] = document.errors;
  if (syntaxError !== undefined)
    throw new ConfigurationError(
      `${file}: ${(syntaxError.message.split('\n')[0] ?? 'not YAML').replace(/:$/, '')}`,
    );
  const unset = replaceVariables(document, environment);
  if (unset !== null) {
    throw configurationError(
      file,
      unset.path,
      `the environment variable ${unset.name} is not set; set it, or write \${${unset.name}:-default}`,
    );
  }
  for (const { path, value } of overrides) document.setIn(path, value);
  return compileConfig(
    file,
    document.toJS({ maxAliasCount: 100 }),
    environment.KAFKA_BROKERS === '' ? undefined : environment.KAFKA_BROKERS,
  );
}
