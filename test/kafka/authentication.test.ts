import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reckonedLifetimeMs } from '../../src/kafka/kafkajs/authentication.js';
import { REAUTHENTICATE_BEFORE_MS, TOKEN_RENEW_BEFORE_MS } from '../../src/kafka/time-outs.js';

test('a session is renewed before its end and at least a second after its start; a token before any session needs it', () => {
  for (let lifetimeMs = 3000; lifetimeMs < 600_000; lifetimeMs += 500) {
    // kafkajs authenticates anew once what has passed and its threshold come to what it takes for the life.
    const renewedAfterMs = reckonedLifetimeMs(lifetimeMs) - REAUTHENTICATE_BEFORE_MS;
    assert.ok(
      renewedAfterMs >= 1500 && renewedAfterMs < lifetimeMs,
      `${lifetimeMs}: after ${renewedAfterMs}`,
    );
    const tokenIsRenewedAfterMs = lifetimeMs - Math.min(lifetimeMs / 2, TOKEN_RENEW_BEFORE_MS);
    assert.ok(
      tokenIsRenewedAfterMs <= renewedAfterMs,
      `${lifetimeMs}: the token after ${tokenIsRenewedAfterMs}`,
    );
  }
  assert.equal(reckonedLifetimeMs(0), 0, 'for ever');
  assert.equal(reckonedLifetimeMs(2000), 0, 'too short to be renewed: the broker ends the connection');
});
