import { cacheFolder } from '../../src/local-broker/cache-folder.js';
import { findRuntime } from '../../src/local-broker/runtime.js';

/** The folder of Kafka's jars. @throws where there is no JDK or no Maven */
export async function kafkaJars(say: (text: string) => void): Promise<string> {
  const runtime = await findRuntime(cacheFolder(process.env), say);
  if (runtime.kind !== 'java') throw new Error('the suite needs a JDK (17 or later) and Maven');
  return runtime.jars;
}
