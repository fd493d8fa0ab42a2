// Reads a JSON object of M expressions by name; writes what Microsoft's parser says of each it rejects.
const { DefaultSettings, ResultUtils, TaskUtils } = require("@microsoft/powerquery-parser");

async function main() {
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  const rejected = {};
  for (const [name, text] of Object.entries(JSON.parse(Buffer.concat(chunks).toString()))) {
    const task = await TaskUtils.tryLexParse(DefaultSettings, text);
    if (!TaskUtils.isParseStageOk(task)) rejected[name] = task.error.message;
  }
  process.stdout.write(JSON.stringify(rejected));
}

main();
