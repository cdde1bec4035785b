import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/package-root.js';
import { fetchOnce } from '../../src/local-broker/fetch-once.js';
import { type Peer, type Place, idOfJson } from './peer.js';
import { runTool } from './run-tool.js';

const SOURCES = join(packageRoot(), 'bench', 'peers', 'python');

/** What numeric libraries would start a thread for each core with. */
const ONE_THREAD = { OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1', MKL_NUM_THREADS: '1' };

export interface PythonProgram {
  readonly name: string;
  readonly label: string;
  readonly about: string;
  readonly script: 'batch_peer.py' | 'quix_peer.py';
  /** File of pinned packages. */
  readonly requirements: string;
  /** Those of them that the report names. */
  readonly packages: readonly string[];
  readonly eventsMax: number;
  readonly hasOutput: boolean;
}

export function pythonPeer({
  name,
  label,
  about,
  script,
  requirements,
  packages,
  eventsMax,
  hasOutput,
}: PythonProgram): Peer {
  const pinned = readFileSync(join(SOURCES, requirements), 'utf8');
  const versions = packages.map((each) => {
    const version = new RegExp(`^${each}==(.+)$`, 'm').exec(pinned)?.[1];
    return `${each} ${version ?? 'unknown'}`;
  });
  return {
    name,
    label,
    about: `${versions.join(', ')}, ${about}`,
    eventsMax,
    hasOutput,
    eventOf: idOfJson,
    setUp: async (place) => {
      const environment = await virtualEnvironment(requirements, pinned, place);
      return ({ brokers, topic, output, group, trainingFile, schemaFile }) => ({
        command: join(environment, 'bin', 'python'),
        args: [
          join(SOURCES, script),
          ...[brokers.join(','), topic, hasOutput ? output : '-', group, trainingFile, schemaFile],
        ],
        environment: { ...ONE_THREAD, PYTHONDONTWRITEBYTECODE: '1' },
      });
    },
  };
}

async function virtualEnvironment(requirements: string, pinned: string, place: Place): Promise<string> {
  const { cache, say, signal } = place;
  const digest = createHash('sha256').update(pinned).digest('hex').slice(0, 12);
  return fetchOnce(cache, `peer-python-${digest}`, async (folder) => {
    say(`Installing ${requirements} with pip, once (some hundred MB) …`);
    await runTool('python3', ['-m', 'venv', folder], signal);
    const pip = ['-m', 'pip', 'install', '--quiet', '--no-input', '--disable-pip-version-check'];
    await runTool(
      join(folder, 'bin', 'python'),
      [...pip, '--only-binary', ':all:', '-r', join(SOURCES, requirements)],
      signal,
    );
  });
}
