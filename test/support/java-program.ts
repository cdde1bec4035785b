import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { findRuntime } from '../../src/local-broker/runtime.js';
import { cacheFolder } from '../../src/local-broker/cache-folder.js';
import { packageRoot } from '../../src/package-root.js';

/** Runs a Java program of test/kafka from its source, with Kafka's own clients. @returns the lines that it printed */
export async function javaProgram(name: string, args: readonly string[], input: string): Promise<string[]> {
  const runtime = await findRuntime(cacheFolder(process.env), () => undefined);
  if (runtime.kind !== 'java') throw new Error("Kafka's own client needs Java 17 and Maven");
  const options = ['-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
  const quiet = '-Dorg.slf4j.simpleLogger.defaultLogLevel=error';
  const source = join(packageRoot(), 'test', 'kafka', `${name}.java`);
  const java = spawn('java', [...options, quiet, '-cp', join(runtime.jars, '*'), source, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  // It may have ended with lines still on their way to it; its code says why.
  java.stdin.on('error', () => undefined);
  java.stdin.end(input);
  const output: Buffer[] = [];
  java.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  const code = await new Promise((resolve) => java.once('close', resolve));
  if (code !== 0) throw new Error(`${name} ended with code ${String(code)}`);
  return Buffer.concat(output)
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '');
}
