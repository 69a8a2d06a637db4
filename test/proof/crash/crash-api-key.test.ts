import { byExtent } from '../../extent.ts';
import { openBedrockLaptop } from '../../pipeline/rotators/api-key/subjects.ts';
import type { Laptop } from '../../pipeline/rotators/native-rotation.ts';
import { type ApiKeySecret, keyKinds, manageApiKeySecret } from './api-key-secret.ts';
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

describe.each(keyKinds)('%s', (kind) => {
  let subject: ApiKeySecret;
  beforeAll(async () => {
    subject = await manageApiKeySecret({ laptop, faults }, kind);
    await parts.rotation!({ laptop, faults }, subject);
  });
  afterAll(() => subject?.close());

  test.each(
    Object.keys(parts),
  )('%s: whatever befalls a call, AWSCURRENT works and the next run leaves its key only', async (part) => {
    const isMain = kind === 'http' && part === 'rotation';
    const step = byExtent({ short: isMain ? 8 : 20, wide: isMain ? 2 : 5, long: 1 });
    const { calls, points, windows } = await attack({ laptop, faults }, subject, part, { step });
    console.info(`api-key ${kind}, ${part}: ${calls} calls, ${points} points`);
    expect(windows).toEqual([]);
  }, 900_000);
});
