/** Against a broker with TLS, SASL and ACLs; one for all of these tests, because it takes its time to start. */
import { after, before } from 'node:test';
import { Scenario } from '../support/scenario.js';
import { SecureBroker } from '../support/secure-broker/secure-broker.js';
import { doorTests } from './doors.js';
import { mechanismTests } from './mechanisms.js';
import { oauthTests } from './oauth.js';
import { rightsTests } from './rights.js';
import { rotationTests } from './rotation.js';
import { secretTests } from './secrets.js';

let broker: SecureBroker;
let scenario: Scenario;
before(async () => {
  broker = await SecureBroker.start();
  scenario = await Scenario.create(2, [broker.address('mtls')], broker.superUser);
  await scenario.train();
});
after(async () => {
  await scenario[Symbol.asyncDispose]();
  await broker[Symbol.asyncDispose]();
});

const given = (): { broker: SecureBroker; scenario: Scenario } => ({ broker, scenario });
mechanismTests(given);
rightsTests(given);
doorTests(given);
rotationTests(given);
oauthTests(given);
secretTests(given);
