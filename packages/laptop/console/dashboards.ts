import * as v from 'valibot';
import type { RunningCloud } from '../running-cloud.ts';
import type { CloudwatchService } from '../services/cloudwatch/service.ts';
import { type AlarmView, alarmView } from './alarms.ts';
import { type Graph, graphOf, MetricProperties, type TimeRange } from './metric-graph.ts';

/** A widget as the page shows it, on CloudWatch's grid of 24 columns. */
export type WidgetView = {
  readonly id: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly title: string;
} & (
  | { readonly type: 'metric'; readonly graph: Graph }
  | { readonly type: 'alarm'; readonly alarms: readonly AlarmView[]; readonly missing: readonly string[] }
  | { readonly type: 'text'; readonly markdown: string }
  | { readonly type: 'custom'; readonly endpoint: string; readonly params: unknown; readonly updateOnRefresh: boolean }
  | { readonly type: 'unsupported'; readonly what: string }
);

export interface DashboardView {
  readonly name: string;
  readonly range: TimeRange;
  readonly widgets: readonly WidgetView[];
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html */
const DashboardBody = v.object({
  start: v.optional(v.string()),
  widgets: v.array(
    v.object({
      type: v.string(),
      x: v.optional(v.number(), 0),
      y: v.optional(v.number(), 0),
      width: v.optional(v.number(), 6),
      height: v.optional(v.number(), 6),
      properties: v.optional(v.record(v.string(), v.unknown()), {}),
    }),
  ),
});
type Widget = v.InferOutput<typeof DashboardBody>['widgets'][number];

const CustomProperties = v.object({
  endpoint: v.string(),
  params: v.optional(v.unknown()),
  updateOn: v.optional(v.object({ refresh: v.optional(v.boolean(), true) })),
});
const AlarmProperties = v.object({
  alarms: v.array(v.string()),
  states: v.optional(v.array(v.string()), []),
});

const THREE_HOURS_SECONDS = 3 * 3_600;
/** What the page offers. */
const RANGES_SECONDS = [900, 3_600, 10_800, 43_200, 86_400, 604_800];

/** The names of the dashboards, in order. */
export function dashboardNames(cloud: RunningCloud): string[] {
  return [...(cloudwatchOf(cloud)?.dashboards.keys() ?? [])].sort();
}

/**
 * A dashboard with the data of its graphs; undefined where there is none of that name. Without a range it is the
 * dashboard's own, or less: before the laptop started there is nothing to see.
 */
export function showDashboard(
  cloud: RunningCloud,
  name: string,
  asked: { rangeSeconds?: number; startedAt: Date },
): DashboardView | undefined {
  const cloudwatch = cloudwatchOf(cloud);
  const found = cloudwatch?.dashboards.get(name);
  if (!cloudwatch || !found) return undefined;
  const body = v.parse(DashboardBody, JSON.parse(found.body));
  const end = cloud.clock.now().getTime();
  const own = relativeSeconds(body.start) ?? THREE_HOURS_SECONDS;
  const upSeconds = (end - asked.startedAt.getTime()) / 1_000;
  const seconds = asked.rangeSeconds ?? Math.min(own, RANGES_SECONDS.find((range) => range >= upSeconds) ?? own);
  const range = { start: end - seconds * 1_000, end };
  return { name, range, widgets: body.widgets.map((widget, index) => widgetView(cloudwatch, widget, index, range)) };
}

function cloudwatchOf(cloud: RunningCloud): CloudwatchService | undefined {
  return cloud.services.get('monitoring') as CloudwatchService | undefined;
}

function widgetView(cloudwatch: CloudwatchService, widget: Widget, index: number, range: TimeRange): WidgetView {
  const { x, y, width, height, properties } = widget;
  const title = typeof properties.title === 'string' ? properties.title : '';
  const base = { id: `widget-${index}`, x, y, width, height, title };
  switch (widget.type) {
    case 'metric':
      return { ...base, type: 'metric', graph: graphOf(cloudwatch, v.parse(MetricProperties, properties), range) };
    case 'text':
      return { ...base, type: 'text', markdown: String(properties.markdown ?? '') };
    case 'alarm': {
      const { alarms, states } = v.parse(AlarmProperties, properties);
      const found = alarms.map((arn) => [...cloudwatch.alarms.byName.values()].find((alarm) => alarm.arn === arn));
      return {
        ...base,
        type: 'alarm',
        alarms: found
          .flatMap((alarm) => (alarm ? [alarmView(alarm)] : []))
          .filter(({ state }) => states.length === 0 || states.includes(state)),
        missing: alarms.filter((_, at) => !found[at]),
      };
    }
    case 'custom': {
      const { endpoint, params, updateOn } = v.parse(CustomProperties, properties);
      return { ...base, type: 'custom', endpoint, params: params ?? {}, updateOnRefresh: updateOn?.refresh ?? true };
    }
    default:
      return { ...base, type: 'unsupported', what: `a widget of type ${widget.type}` };
  }
}

/** `-PT3H`, `-P7D`, `-P2W`, `-P1M`; undefined for absolute times, which the page does not keep to. */
export function relativeSeconds(start: string | undefined): number | undefined {
  const found = /^-P(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?$/.exec(start ?? '');
  if (!found) return undefined;
  const [months, weeks, days, hours, minutes] = found.slice(1).map((part) => Number(part ?? 0)) as number[];
  const allDays = (months ?? 0) * 30 + (weeks ?? 0) * 7 + (days ?? 0);
  return allDays * 86_400 + (hours ?? 0) * 3_600 + (minutes ?? 0) * 60;
}
