import type { Cloud, Service } from '../../cloud.ts';
import type { EnvironmentRecord } from '../../environments/pool.ts';
import type { PythonLookup } from '../../environments/python.ts';
import { routesOf } from '../../wire/routes.ts';
import { aliasOperations } from './aliases.ts';
import { concurrencyOperations } from './concurrency.ts';
import { eventInvokeConfigOperations } from './event-invoke-configs.ts';
import { serveFunctionUrl, URL_PREFIX } from './function-url-requests.ts';
import { functionUrlOperations } from './function-urls.ts';
import { functionOperations, readOperations } from './functions.ts';
import { invokeOperations } from './invoke.ts';
import { Lambda } from './lambda.ts';
import { permissionOperations } from './permissions.ts';
import { Queue } from './queue.ts';
import { tagOperations } from './tags.ts';
import { versionOperations } from './versions.ts';

export interface LambdaService extends Service {
  readonly name: 'lambda';
  readonly lambda: Lambda;
  /** Every live execution environment, for watchers. */
  environments(): EnvironmentRecord[];
  /** Hears every change of an environment's state; the last one says `ended`. Answers how to stop. */
  onEnvironment(listener: (record: EnvironmentRecord) => void): () => void;
  /** Ends one at once, whatever it does; false when there is none of that id. */
  killEnvironment(id: string): boolean;
  /** The same by the session name of its credentials (`principal.sessionName`). */
  killEnvironmentOf(sessionName: string): boolean;
}

/** AWS Lambda. `python` is where Python functions find their interpreter: by default this process's PATH. https://docs.aws.amazon.com/lambda/latest/api/welcome.html */
export default function createLambdaService(cloud: Cloud, python?: PythonLookup): LambdaService {
  const lambda = new Lambda(cloud, python);
  const queue = new Queue(lambda);
  const { runner } = lambda;
  routesOf(cloud).add('/_functions/code/', 'machine', async ({ path }) => {
    const code = await lambda.code.bySha256(path.slice('/_functions/code/'.length));
    if (!code) return { status: 404, body: 'Not Found' };
    return { status: 200, headers: { 'content-type': 'application/zip' }, body: lambda.code.zip(code) };
  });
  routesOf(cloud).add(URL_PREFIX, 'public', (request) => serveFunctionUrl(lambda, request));
  return {
    name: 'lambda',
    lambda,
    schemas: () => import('@aws-sdk/client-lambda') as Promise<Record<string, unknown>>,
    operations: {
      ...functionOperations(lambda),
      ...readOperations(lambda),
      ...versionOperations(lambda),
      ...aliasOperations(lambda),
      ...concurrencyOperations(lambda),
      ...permissionOperations(lambda),
      ...functionUrlOperations(lambda),
      ...eventInvokeConfigOperations(lambda),
      ...tagOperations(lambda),
      ...invokeOperations(lambda, queue),
    },
    environments: () => runner.pool.records(),
    onEnvironment(listener) {
      runner.pool.events.on('changed', listener);
      return () => runner.pool.events.off('changed', listener);
    },
    killEnvironment: (id) => runner.pool.kill(id),
    killEnvironmentOf: (sessionName) => runner.killEnvironmentOf(sessionName),
    async reset() {
      queue.clear();
      await lambda.reset();
    },
    async close() {
      queue.clear();
      await lambda.reset();
      await runner.close();
    },
  };
}
