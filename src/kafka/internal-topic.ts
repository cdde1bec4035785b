import { createHash } from 'node:crypto';

/** A group's name may have characters that a topic's may not. */
const NOT_IN_TOPICS = /[^A-Za-z0-9._-]/g;
const GROUP_CHARS_MAX = 180;

/**
 * The name of a topic that a group keeps for itself: `<group>.<purpose>`. Where the group's name cannot be part of a
 * topic's, what does not fit becomes `_`, and a hash keeps it apart from others.
 */
export function internalTopic(group: string, purpose: string): string {
  const fitting = group.replace(NOT_IN_TOPICS, '_').slice(0, GROUP_CHARS_MAX);
  if (fitting === group) return `${group}.${purpose}`;
  const hash = createHash('sha256').update(group, 'utf8').digest('hex').slice(0, 8);
  return `${fitting}-${hash}.${purpose}`;
}
