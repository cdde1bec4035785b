/** Of an id: what is legal in the name of a group and of a topic. */
export const REPLAY_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

/** The consumer group of a replay: its offsets, its transactions and its members are apart from the live group's. */
export function replayGroup(group: string, id: string): string {
  return `${replayGroupPrefix(group)}${id}`;
}

/** The transactional id under which a replay is started. @param group the replay's own */
export function planId(group: string): string {
  return `${group}/plan`;
}

/** The id of a replay of a group, from the name of the replay's group; null where it is none. */
export function replayIdOf(group: string, name: string): string | null {
  const prefix = replayGroupPrefix(group);
  const id = name.startsWith(prefix) ? name.slice(prefix.length) : '';
  return REPLAY_ID.test(id) ? id : null;
}

/** A replay's counterpart of a live topic. */
export function replayTopic(live: string, id: string): string {
  return `${live}.replay.${id}`;
}

/** The start of the names of groups that read for replays, commit nothing, and are gone when the reading ends. */
export function replayReadingGroup(group: string): string {
  return `${group}.replay-reading`;
}

function replayGroupPrefix(group: string): string {
  return `${group}.replay.`;
}
