import { ended, spawnChild } from '../../chaos/children.js';

const COMPLAINT_LENGTH = 600;

/**
 * Runs a tool of somebody else's that ends by itself, and no later than this process.
 * @throws with the end of what it said when it fails, when it is not there, and when the signal aborts
 */
export async function runTool(command: string, args: readonly string[], signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const child = spawnChild(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream
      ?.setEncoding('utf8')
      .on('data', (text: string) => (said = `${said}${text}`.slice(-COMPLAINT_LENGTH)));
  const kill = (): boolean => child.kill('SIGKILL');
  signal.addEventListener('abort', kill);
  try {
    await ended(child);
  } finally {
    signal.removeEventListener('abort', kill);
  }
  signal.throwIfAborted();
  if (child.exitCode !== 0)
    throw new Error(
      `${command} ended with ${child.signalCode ?? `code ${child.exitCode ?? 'none'}`}: ${said.trim()}`,
    );
}
