import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The newest release of Apicurio Registry that runs on Java 17. */
const VERSION = '3.0.9';
const ARTIFACT = `io.apicurio:apicurio-registry-app:${VERSION}:tar.gz:all`;
/** This release takes the archive, which brings its jars along, without what its descriptor names; later ones do not. */
const UNPACK = 'org.apache.maven.plugins:maven-dependency-plugin:2.10:unpack';
const DOWNLOAD_TIMEOUT_MS = 600_000;

/** The program inside the folder that `registryFiles` gives. */
export const REGISTRY_JAR = `apicurio-registry-app-${VERSION}-runner.jar`;

/** A schema registry with Confluent's API, fetched by Maven (109 MB) and unpacked once. @returns its folder */
export async function registryFiles(cache: string): Promise<string> {
  const folder = join(cache, `apicurio-registry-${VERSION}`);
  const complete = join(folder, '.complete');
  if (existsSync(complete)) return folder;
  mkdirSync(cache, { recursive: true });
  const building = mkdtempSync(join(cache, 'fetching-'));
  const unpacked = join(building, 'unpacked');
  try {
    // Where there is no project, the plugin marks in the working directory what it has unpacked.
    await run('mvn', ['-q', '-B', UNPACK, `-Dartifact=${ARTIFACT}`, `-DoutputDirectory=${unpacked}`], {
      cwd: building,
      timeout: DOWNLOAD_TIMEOUT_MS,
    });
    writeFileSync(join(unpacked, '.complete'), '');
    if (existsSync(complete)) return folder;
    rmSync(folder, { recursive: true, force: true });
    renameSync(unpacked, folder);
  } catch (error) {
    // Another process may have been first.
    if (!existsSync(complete)) throw error;
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
  return folder;
}
