import { execFile } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { cacheFolder } from '../../src/local-broker/cache-folder.js';

/** Java's Avro, fetched once into the cache like Kafka's jars. @returns the folder of the jars */
export async function javaAvro(): Promise<string> {
  const folder = join(cacheFolder(process.env), 'avro-1.12.0');
  if (existsSync(join(folder, 'avro-1.12.0.jar'))) return folder;
  mkdirSync(folder, { recursive: true });
  const pom = fileURLToPath(new URL('../../../test/kafka/pom.xml', import.meta.url));
  await promisify(execFile)('mvn', [
    '-q',
    '-B',
    '-f',
    pom,
    'dependency:copy-dependencies',
    `-DoutputDirectory=${folder}`,
  ]);
  return folder;
}
