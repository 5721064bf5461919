// The health check of a container: node deploy/health.mjs PORT. Exit 0 when /health/ready says so, else 1 with the reason.
const [port = '3000'] = process.argv.slice(2);
try {
  const reply = await fetch(`http://127.0.0.1:${port}/health/ready`, { signal: AbortSignal.timeout(4000) });
  if (!reply.ok) console.error(`not ready: ${reply.status} ${await reply.text()}`);
  process.exitCode = reply.ok ? 0 : 1;
} catch (error) {
  console.error(`no answer: ${error.message}`);
  process.exitCode = 1;
}
