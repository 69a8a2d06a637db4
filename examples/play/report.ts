import type { RotationRecord } from './rotations.ts';

/** What a run of the play comes to: `npm start -- --report FILE` writes it as JSON. */
export interface PlayReport {
  readonly rotations: RotationRecord[];
  readonly traffic: { requests: number; failures: number };
  readonly rollBacks: number;
  readonly alarms: string[];
  readonly retired: number;
  readonly leaks: number;
}

/** The promises that a run did not keep, each in a line; none: everything held. Pure. */
export function brokenPromises(report: PlayReport): string[] {
  const broken: string[] = [];
  const kinds = new Set(report.rotations.filter(({ outcome }) => outcome === 'succeeded').map(({ kind }) => kind));
  const expect = (holds: boolean, otherwise: string) => {
    if (!holds) broken.push(otherwise);
  };
  expect(report.traffic.failures === 0, `${report.traffic.failures} requests failed.`);
  expect(report.traffic.requests >= 2_000, `Only ${report.traffic.requests} requests were sent, expected 2000.`);
  for (const kind of ['postgres', 'jwt', 'api-key']) expect(kinds.has(kind), `No ${kind} secret was rotated.`);
  expect(report.rollBacks === 1, `${report.rollBacks} rotations were rolled back, expected 1.`);
  expect(report.alarms.length > 0, 'No alarm rang.');
  expect(report.retired > 0, 'No previous credential was retired.');
  expect(report.leaks === 0, `${report.leaks} values of secrets were found where they have no business.`);
  const failed = report.rotations.filter(({ outcome }) => outcome === 'failed');
  for (const { secret } of failed) broken.push(`The rotation of ${secret} failed.`);
  return broken;
}
