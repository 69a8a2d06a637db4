import { Duration, Stack } from 'aws-cdk-lib';
import type * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';
import type { EventPrivilege } from '../pipeline/contracts/event-requests.ts';
import { acknowledge } from './acknowledge.ts';
import { BundledFunction } from './bundled-function.ts';
import type { PipelineBus } from './pipeline-bus.ts';

/** The functions that the state machines call, whatever the kind of secret. */
export interface WorkflowFunctions {
  readonly prepare: BundledFunction;
  readonly report: BundledFunction;
  readonly recycleConsumer: BundledFunction;
  readonly mirrorSecret: BundledFunction;
  /** For the audit: it writes nothing. */
  readonly compareMirror: BundledFunction;
  readonly selectSecrets: BundledFunction;
}

export function makeWorkflowFunctions(
  scope: Construct,
  {
    settingsPrefix,
    bus,
    history,
    allowByEvent,
  }: {
    settingsPrefix: string;
    bus: PipelineBus;
    history: dynamodb.ITable;
    allowByEvent: readonly EventPrivilege[];
  },
): WorkflowFunctions {
  const prepare = new BundledFunction(scope, 'Prepare', {
    handler: 'prepare',
    description: 'Keyturn: reads labels and settings and decides what an execution is about',
    environment: {
      KEYTURN_SETTINGS_PREFIX: settingsPrefix,
      ...(allowByEvent.length > 0 && { KEYTURN_ALLOW_BY_EVENT: allowByEvent.join(',') }),
    },
  });
  const report = new BundledFunction(scope, 'Report', {
    handler: 'report',
    description: "Keyturn: puts the story's events and emits its metrics",
    environment: { KEYTURN_HISTORY_TABLE: history.tableName },
  });
  bus.mayPublish(report);
  report.allow(['dynamodb:Query'], [history.tableArn]);
  const recycleConsumer = new BundledFunction(scope, 'RecycleConsumer', {
    handler: 'recycle-consumer',
    description: 'Keyturn: changes our one variable of a consumer, so that Lambda replaces every environment',
  });
  const mirrorSecret = new BundledFunction(scope, 'MirrorSecret', {
    handler: 'mirror-secret',
    description: 'Keyturn: brings a parameter or a replica of a secret along',
  });
  const compareMirror = new BundledFunction(scope, 'CompareMirror', {
    handler: 'compare-mirror',
    description: 'Keyturn: compares a parameter or a replica with its secret, and writes nothing',
  });
  const selectSecrets = makeSelectSecrets(scope, settingsPrefix);
  return { prepare, report, recycleConsumer, mirrorSecret, compareMirror, selectSecrets };
}

function makeSelectSecrets(scope: Construct, settingsPrefix: string): BundledFunction {
  const selectSecrets = new BundledFunction(scope, 'SelectSecrets', {
    handler: 'select-secrets',
    description: 'Keyturn: the secrets that a fleet is asked to rotate, a page at a time',
    environment: { KEYTURN_SETTINGS_PREFIX: settingsPrefix },
    timeout: Duration.seconds(60),
  });
  const resourceName = settingsPrefix.slice(1);
  const path = Stack.of(scope).formatArn({ service: 'ssm', resource: 'parameter', resourceName });
  selectSecrets.allow(['ssm:GetParametersByPath'], [path]);
  // ListSecrets knows no resources: it is asked for names and tags, never for values.
  selectSecrets.allow(['secretsmanager:ListSecrets'], ['*']);
  acknowledge(selectSecrets, 'ListSecrets knows no resources.', 'IAM5[Resource::*]');
  return selectSecrets;
}
