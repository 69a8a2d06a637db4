import { openBedrockLaptop } from '../../pipeline/rotators/api-key/subjects.ts';
import type { Laptop } from '../../pipeline/rotators/native-rotation.ts';
import { type ApiKeySecret, type KeyKind, manageApiKeySecret } from './api-key-secret.ts';
import { attack } from './attack.ts';
import { Faults } from './faults.ts';
import { parts } from './parts.ts';

let laptop: Laptop;
const faults = new Faults();
beforeAll(async () => {
  laptop = await openBedrockLaptop();
  faults.around(laptop);
});
afterAll(() => laptop?.close());

const everyPart = Object.keys(parts);
const isLong = process.env.KEYTURN_PROOF === 'long';

/** Every part of every kind takes minutes: that is the long run. */
const shortPlans: [KeyKind, string[]][] = [
  ['http', everyPart],
  ['bedrock', ['giving up', 'roll-back', 'retirement']],
  ['iam-access-key', ['rotation, then given up', 'retirement']],
  ['generated', ['rotation']],
];
const plans = isLong ? shortPlans.map(([kind]): [KeyKind, string[]] => [kind, everyPart]) : shortPlans;

describe.each(plans)('%s', (kind, names) => {
  let subject: ApiKeySecret;
  beforeAll(async () => {
    subject = await manageApiKeySecret({ laptop, faults }, kind);
    await parts.rotation!({ laptop, faults }, subject);
  });
  afterAll(() => subject?.close());

  test.each(
    names,
  )('%s: whatever befalls a call, AWSCURRENT works and the next run leaves its key only', async (part) => {
    const { calls, points, windows } = await attack({ laptop, faults }, subject, part);
    console.info(`api-key ${kind}, ${part}: ${calls} calls, ${points} points`);
    expect(windows).toEqual([]);
  }, 900_000);
});
