import { manageDatabaseSecret, openDatabaseLaptop } from '../../../proof/crash/database-secret.ts';
import { describeConformance } from '../conformance/describe-conformance.ts';

describe.each([
  { strategy: 'alternating-users', turn: 4 },
  { strategy: 'single-user', turn: 5 },
] as const)('postgres by $strategy', ({ strategy, turn }) => {
  describeConformance(
    async () => {
      const opened = await openDatabaseLaptop();
      const subject = await manageDatabaseSecret(opened, strategy);
      return {
        ...subject,
        laptop: opened.laptop,
        hasOverlap: strategy === 'alternating-users',
        target: () => subject.logins(),
        close: () => opened.close(),
      };
    },
    { turn, turns: 8 },
  );
});
