import { keyKinds, manageApiKeySecret } from '../../../proof/crash/api-key-secret.ts';
import { Faults } from '../../../proof/crash/faults.ts';
import { describeConformance } from '../conformance/describe-conformance.ts';
import { openBedrockLaptop } from './subjects.ts';

describe.each(keyKinds.map((kind, turn) => ({ kind, turn })))('api-key by $kind', ({ kind, turn }) => {
  describeConformance(
    async () => {
      const laptop = await openBedrockLaptop();
      const subject = await manageApiKeySecret({ laptop, faults: new Faults() }, kind);
      const close = async () => {
        await subject.close();
        await laptop.close();
      };
      return { ...subject, laptop, hasOverlap: true, target: async () => subject.credentials(), close };
    },
    { turn },
  );
});
