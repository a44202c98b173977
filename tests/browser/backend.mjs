// A backend with posthog-node: reads {url, token, options, events: [[event, distinctId, properties], ...]} from its argument.
import { PostHog } from "posthog-node";

const { url, token, options, events } = JSON.parse(process.argv[2]);
const client = new PostHog(token, { host: url, ...options });
client.on("error", (error) => console.error(String(error)));
for (const [event, distinctId, properties] of events) {
  if (event === "$identify") client.identify({ distinctId, properties });
  else if (event === "$create_alias") client.alias({ distinctId, alias: properties.alias });
  else client.capture({ event, distinctId, properties });
}
const alive = setInterval(() => {}, 1000); // retry timers do not keep the process alive
await client.shutdown(120_000);
clearInterval(alive);
