import * as v from 'valibot';
import { faultRuleSchema } from '../faults/rule.ts';
import { own } from '../own.ts';
import type { CallFilter } from '../recording/recorder.ts';
import type { RunningCloud } from '../running-cloud.ts';
import type { RawRequest, RawResponse } from '../wire/routes.ts';
import { listModels, modelAccessSchema, setModelAccess } from './models.ts';
import { fireSchedule, listSchedules } from './schedules.ts';

type Methods = Readonly<Record<string, (request: RawRequest) => RawResponse | Promise<RawResponse>>>;

/**
 * The laptop's own HTTP API, beside the AWS protocols; admin/README.md documents it. Every request needs the page's token
 * or a signature, which the endpoint checks.
 */
export function addAdminRoutes(cloud: RunningCloud): void {
  const add = (path: string, methods: Methods) =>
    cloud.routes.add(path, 'administrator', async (request) => {
      const handler = own(methods, request.method);
      if (!handler)
        return json(405, { error: `Expected ${Object.keys(methods).join(' or ')}, got ${request.method}.` });
      try {
        return await handler(request);
      } catch (error) {
        if (!(error instanceof v.ValiError) && !(error instanceof BadRequest)) throw error;
        return json(400, { error: error instanceof v.ValiError ? v.summarize(error.issues) : error.message });
      }
    });
  add('/_local/', { GET: (request) => json(404, { error: `There is nothing at ${request.path}.` }) });
  add('/_local/health', {
    GET: () => json(200, { status: 'ok', region: cloud.region, services: [...cloud.services.keys()].sort() }),
  });
  add('/_local/reset', {
    POST: async () => {
      await cloud.reset();
      return json(200, { status: 'empty' });
    },
  });
  add('/_local/calls', {
    GET: (request) => {
      const calls = cloud.recorder.calls(readFilter(request.query));
      const limit = Number(request.query.get('limit') ?? 1000);
      if (!Number.isInteger(limit) || limit < 1) throw new BadRequest('limit must be a whole number above 0.');
      return json(200, { calls: calls.slice(-limit) });
    },
  });
  add('/_local/accesses', { GET: () => json(200, { accesses: cloud.recorder.accesses() }) });
  add('/_local/settings', {
    GET: () => json(200, cloud.settings),
    PATCH: (request) => {
      Object.assign(cloud.settings, v.parse(settingsSchema, readJson(request)));
      return json(200, cloud.settings);
    },
  });
  addFaultRoutes(cloud, add);
  addScheduleRoutes(cloud, add);
  addModelRoutes(cloud, add);
}

function addModelRoutes(cloud: RunningCloud, add: (path: string, methods: Methods) => void): void {
  add('/_local/bedrock/models', { GET: () => json(200, { models: listModels(cloud) }) });
  add('/_local/bedrock/models/', {
    PUT: (request) => {
      const id = decode(request.path.slice('/_local/bedrock/models/'.length));
      const { status, ...answer } = setModelAccess(cloud, id, v.parse(modelAccessSchema, readJson(request)));
      return json(status, answer);
    },
  });
}

function addScheduleRoutes(cloud: RunningCloud, add: (path: string, methods: Methods) => void): void {
  add('/_local/schedules', { GET: () => json(200, { schedules: listSchedules(cloud) }) });
  add('/_local/schedules/', {
    POST: async (request) => {
      const named = /^\/_local\/schedules\/(.+)\/fire$/.exec(request.path)?.[1];
      if (named === undefined) throw new BadRequest('Write POST /_local/schedules/NAME/fire.');
      const { status, ...answer } = fireSchedule(cloud, decode(named), request.query.get('region') ?? undefined);
      return json(status, answer);
    },
  });
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new BadRequest('The path is not valid percent-encoding.', { cause });
  }
}

function addFaultRoutes(cloud: RunningCloud, add: (path: string, methods: Methods) => void): void {
  add('/_local/faults', {
    GET: () => json(200, { faults: cloud.faults.list() }),
    POST: (request) => {
      const rules = v.parse(
        v.union([v.pipe(v.array(faultRuleSchema), v.minLength(1)), faultRuleSchema]),
        readJson(request),
      );
      return json(201, { faults: [rules].flat().map((rule) => cloud.faults.add(rule)) });
    },
    DELETE: () => {
      cloud.faults.clear();
      return { status: 204 };
    },
  });
  add('/_local/faults/', {
    DELETE: (request) => {
      const id = decode(request.path.slice('/_local/faults/'.length));
      return cloud.faults.remove(id)
        ? { status: 204 }
        : json(404, { error: `There is no fault ${JSON.stringify(id)}.` });
    },
  });
}

const rate = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const milliseconds = v.pipe(v.number(), v.minValue(0));
const settingsSchema = v.strictObject({
  eventsDuplicatedRate: v.optional(rate),
  eventsLostRate: v.optional(rate),
  stateMachineTimeScale: v.optional(v.pipe(v.number(), v.minValue(0))),
  functionUpdateMilliseconds: v.optional(v.strictObject({ least: milliseconds, most: milliseconds })),
  proxyRefreshMilliseconds: v.optional(milliseconds),
  proxyLosesRoleSettings: v.optional(v.boolean()),
});

class BadRequest extends Error {}

function readFilter(query: URLSearchParams): CallFilter {
  const after = query.get('afterSequence');
  const text = (name: 'service' | 'operation' | 'resource' | 'principal' | 'outcome') => {
    const value = query.get(name);
    return value === null ? {} : { [name]: value };
  };
  return {
    ...text('service'),
    ...text('operation'),
    ...text('resource'),
    ...text('principal'),
    ...text('outcome'),
    ...(after === null ? {} : { afterSequence: Number(after) }),
  };
}

function readJson(request: RawRequest): unknown {
  try {
    return JSON.parse(Buffer.from(request.body).toString('utf8'));
  } catch (cause) {
    throw new BadRequest('The body must be JSON.', { cause });
  }
}

function json(status: number, body: unknown): RawResponse {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}
