import * as v from 'valibot';
import type { RunningCloud } from '../running-cloud.ts';
import type { RawRequest, RawResponse } from '../wire/routes.ts';
import { listAlarms } from './alarms.ts';
import { asset, jsonAnswer } from './assets.ts';
import { dashboardNames, showDashboard } from './dashboards.ts';
import { EnvironmentTrail } from './environment-trail.ts';
import { listMachines, showExecution } from './executions.ts';
import { listFunctions, type Watch } from './functions.ts';
import { LiveRevision } from './live.ts';
import { listMessages } from './messages.ts';
import { SecretReads } from './secret-reads.ts';
import { callWidget, WidgetCall } from './widget-call.ts';

const PREFIX = '/_local/console';
const DATA = `${PREFIX}/data/`;

type Answer = (request: RawRequest) => RawResponse | Promise<RawResponse>;

/**
 * The page of the laptop's cloud: what AWS's console would show of dashboards, executions, functions, alarms and
 * notices. It knows AWS's services and nothing of who uses them. console/README.md says what it renders.
 */
export function addConsoleRoutes(cloud: RunningCloud): void {
  const live = new LiveRevision(cloud);
  const trail = new EnvironmentTrail(cloud);
  const answers = dataAnswers(cloud, live, { reads: new SecretReads(cloud), trail });
  // The files hold nothing of this run; what the page reads and presses needs the token that its address carries.
  cloud.routes.add(PREFIX, 'machine', (request) => {
    const path = request.path.slice(PREFIX.length);
    if (path === '') return { status: 308, headers: { location: `${PREFIX}/` } };
    if (request.method !== 'GET') return jsonAnswer(405, { error: `Expected GET, got ${request.method}.` });
    return asset(path === '/' ? 'index.html' : path.slice(1)) ?? nothingAt(request);
  });
  cloud.routes.add(DATA, 'administrator', (request) => {
    if (request.method !== 'GET') return jsonAnswer(405, { error: `Expected GET, got ${request.method}.` });
    const answer = answers.get(request.path.slice(DATA.length));
    if (!answer) return nothingAt(request);
    // Services come after the routes: they are listened to from the first page on.
    live.attach(cloud);
    trail.attach();
    return answer(request);
  });
  cloud.routes.add(`${PREFIX}/widget-call`, 'administrator', (request) => answerWidgetCall(cloud, request));
}

const nothingAt = ({ path }: RawRequest) => jsonAnswer(404, { error: `There is nothing at ${path}.` });

function dataAnswers(cloud: RunningCloud, live: LiveRevision, watch: Watch): ReadonlyMap<string, Answer> {
  const startedAt = cloud.clock.now();
  const answers: Record<string, Answer> = {
    wait: async ({ query, signal }) => {
      const after = Number(query.get('after') ?? 0);
      return jsonAnswer(200, { revision: await live.wait(Number.isFinite(after) ? after : 0, signal) });
    },
    overview: () => {
      const alarms = listAlarms(cloud);
      return jsonAnswer(200, {
        revision: live.revision,
        region: cloud.region,
        accountId: cloud.accountId,
        dashboards: dashboardNames(cloud),
        ringing: alarms.filter(({ state }) => state === 'ALARM').length,
        alarms: alarms.length,
      });
    },
    dashboard: ({ query }) => {
      const rangeSeconds = Number(query.get('rangeSeconds'));
      const asked = { startedAt, ...(rangeSeconds > 0 && { rangeSeconds }) };
      return found(showDashboard(cloud, query.get('name') ?? '', asked), 'dashboard');
    },
    machines: () => jsonAnswer(200, { machines: listMachines(cloud) }),
    execution: ({ query }) => {
      const after = Number(query.get('afterEvent') ?? 0);
      const shown = showExecution(cloud, query.get('arn') ?? '', Number.isInteger(after) && after > 0 ? after : 0);
      if (!shown) return found(undefined, 'execution');
      const functions = listFunctions(cloud, watch, new Set(shown.resources.functionArns));
      return jsonAnswer(200, { ...shown, functions });
    },
    functions: () => jsonAnswer(200, { functions: listFunctions(cloud, watch) }),
    alarms: () => jsonAnswer(200, { alarms: listAlarms(cloud) }),
    messages: () => jsonAnswer(200, { messages: listMessages(cloud) }),
  };
  return new Map(Object.entries(answers));
}

function found(body: unknown, what: string): RawResponse {
  return body === undefined ? jsonAnswer(404, { error: `There is no such ${what} here.` }) : jsonAnswer(200, body);
}

/** A press of a button. The endpoint has seen the page's token, which no other page knows. */
async function answerWidgetCall(cloud: RunningCloud, request: RawRequest): Promise<RawResponse> {
  if (request.method !== 'POST') return jsonAnswer(405, { error: `Expected POST, got ${request.method}.` });
  if (request.headers['content-type'] !== 'application/json') {
    return jsonAnswer(415, { error: 'Expected the content type application/json.' });
  }
  let body: unknown;
  try {
    body = JSON.parse(Buffer.from(request.body).toString('utf8'));
  } catch {
    return jsonAnswer(400, { error: 'The body must be JSON.' });
  }
  const call = v.safeParse(WidgetCall, body);
  if (!call.success) return jsonAnswer(400, { error: v.summarize(call.issues) });
  return jsonAnswer(200, await callWidget(cloud, call.output));
}
