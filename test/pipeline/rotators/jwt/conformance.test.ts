import { Faults } from '../../../proof/crash/faults.ts';
import { manageKeyRing } from '../../../proof/crash/key-ring-secret.ts';
import { describeConformance } from '../conformance/describe-conformance.ts';
import { openLaptop } from '../native-rotation.ts';

describe('jwt', () => {
  describeConformance(
    async () => {
      const laptop = await openLaptop();
      const subject = await manageKeyRing({ laptop, faults: new Faults() });
      return { ...subject, laptop, hasOverlap: true, target: async () => undefined, close: () => laptop.close() };
    },
    { turn: 0, turns: 2 },
  );
});
