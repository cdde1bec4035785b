import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

/** Which of these processes holds the connection with this local port; null when none does. Linux's /proc. */
export function ownerOf(localPort: number, pids: readonly number[]): number | null {
  const inode = inodeOf(localPort);
  if (inode === null) return null;
  return pids.find((pid) => holds(pid, `socket:[${inode}]`)) ?? null;
}

/** Columns of /proc/net/tcp: number, local address, remote address, state, …, the tenth the inode. */
function inodeOf(localPort: number): string | null {
  const port = localPort.toString(16).toUpperCase().padStart(4, '0');
  for (const line of readFileSync('/proc/net/tcp', 'utf8').split('\n')) {
    const columns = line.trim().split(/\s+/);
    if (columns[1]?.endsWith(`:${port}`) === true && columns[9] !== '0') return columns[9] ?? null;
  }
  return null;
}

function holds(pid: number, socket: string): boolean {
  const folder = `/proc/${pid}/fd`;
  return entries(folder).some((entry) => target(`${folder}/${entry}`) === socket);
}

function entries(folder: string): string[] {
  return whileThere(() => readdirSync(folder)) ?? [];
}

function target(link: string): string | null {
  return whileThere(() => readlinkSync(link));
}

/** Processes end and files are closed while one looks. */
function whileThere<T>(look: () => T): T | null {
  try {
    return look();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return null;
    throw error;
  }
}
