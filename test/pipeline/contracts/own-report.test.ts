import { readdirSync, readFileSync } from 'node:fs';
import { hasReportedItself, reportingMachines } from '../../../pipeline/contracts/own-report.ts';
import { composeReport } from '../../../pipeline/reports/report.ts';

const of = (machine: string) => `arn:aws:states:us-east-1:111122223333:execution:keyturn-${machine}:one`;
const ended = (machine: string, status: string, error?: string) => ({ executionArn: of(machine), status, error });

test.each([
  ['a rotation that failed', ended('rotate-secret', 'FAILED', 'TargetUnavailable'), true],
  ['a rotation that was rolled back', ended('rotate-secret', 'FAILED', 'CheckFailed'), true],
  ['a rotation whose task ran out of time', ended('rotate-secret', 'FAILED', 'States.Timeout'), true],
  ['a rotation whose retirement before it failed', ended('rotate-secret', 'FAILED', 'States.TaskFailed'), true],
  ['a retirement that failed', ended('retire-credential', 'FAILED', 'RetirementOverdue'), true],
  ['a convergence that was not watched to the end', ended('await-convergence', 'FAILED', 'Lambda.Unknown'), true],
  ['a rotation whose report could not be made', ended('rotate-secret', 'FAILED', 'ReportFailed'), false],
  ['a rotation past every Catch', ended('rotate-secret', 'FAILED', 'States.DataLimitExceeded'), false],
  ['a rotation of which Step Functions says nothing', ended('rotate-secret', 'FAILED'), false],
  ['a rotation that ran out of time', ended('rotate-secret', 'TIMED_OUT', 'States.Timeout'), false],
  ['a rotation that was stopped', ended('rotate-secret', 'ABORTED'), false],
  ['a propagation', ended('propagate-secret', 'FAILED', 'PropagationFailed'), false],
  ['a fleet that stopped', ended('rotate-fleet', 'FAILED', 'FleetEmpty'), false],
])('%s: whether it has reported itself', (_, execution, has) => {
  expect(hasReportedItself(execution)).toBe(has);
  const report = { report: 'execution-ended' as const, startedAt: '2026-05-01T00:00:00.000Z', ...execution };
  const rings = composeReport(report, new Date()).metrics.map(({ name }) => name);
  expect(rings).toEqual(has ? [] : ['ExecutionFailed']);
});

const FOLDER = new URL('../../../statemachines/', import.meta.url);
const statesOf = (machine: string): Record<string, any> =>
  JSON.parse(readFileSync(new URL(`${machine}.asl.json`, FOLDER), 'utf8')).States;

test.each(reportingMachines)('%s ends with ReportFailed where the report of a failure cannot be made', (machine) => {
  const states = statesOf(machine);
  const failing = Object.values(states).filter(({ Type }) => Type === 'Fail');
  expect(failing.length).toBeGreaterThan(0);
  const isReport = (name: string) => /^Report(Failure|RolledBack|RetirementFailed|Unwatched)$/.test(name);
  const reports = Object.keys(states).filter(isReport);
  expect(reports.length).toBeGreaterThan(0);
  for (const name of reports) expect(JSON.stringify(states[name].Catch[0].Assign)).toContain("'ReportFailed'");
});

test('every machine is one that reports itself, or is known not to', () => {
  const machines = readdirSync(FOLDER).map((file) => file.replace('.asl.json', ''));
  expect(machines.sort()).toEqual([...reportingMachines, 'propagate-secret', 'rotate-fleet'].sort());
});
