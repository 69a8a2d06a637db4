import * as v from 'valibot';

/**
 * What CloudWatch sends to the function of a custom widget, as far as it is used: the widget's parameters, those of the
 * action that was called, and the context.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/add_custom_widget_dashboard_about.html
 */
export const WidgetEvent = v.object({
  /** CloudWatch asks for documentation, in Markdown. */
  describe: v.optional(v.boolean(), false),
  /** Parameter Store's token of a further page. */
  page: v.optional(v.pipe(v.string(), v.maxLength(4_096))),
  widgetContext: v.optional(
    v.object({ theme: v.optional(v.string(), 'light'), width: v.optional(v.number(), 1_200) }),
    { theme: 'light', width: 1_200 },
  ),
});
export type WidgetEvent = v.InferOutput<typeof WidgetEvent>;

/** What a button sends. `press` distinguishes presses: it becomes the execution's name. */
export const ButtonEvent = v.object({
  operation: v.picklist(['rotate', 'check', 'roll-back']),
  secretArn: v.pipe(v.string(), v.regex(/^arn:[\w-]+:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@-]{1,512}$/)),
  secretName: v.pipe(v.string(), v.minLength(1), v.maxLength(512)),
  /** What was current when the button was shown: a stale page must not roll back something newer. */
  versionId: v.optional(v.pipe(v.string(), v.minLength(32), v.maxLength(64))),
  press: v.pipe(v.string(), v.uuid()),
});
export type ButtonEvent = v.InferOutput<typeof ButtonEvent>;
