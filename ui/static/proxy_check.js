// Runs first on each page. A proxy that does not pass on what it was asked for would leave the page blank: say what it has to pass.
(asked) => {
  const path = decodeURI(location.pathname);
  const mine = asked.path !== path && (asked.path === `${path}/` || asked.path.endsWith(path)); // the same page under the sub-path
  if (mine) return location.replace(asked.path + location.search);
  const host = new URL(`${location.protocol}//${asked.host}`).host; // without the port that the protocol has anyway
  const base = path.slice(0, path.length - asked.path.length) || path.split("/").slice(0, 2).join("/");
  let fault = "";
  if (host !== location.host)
    fault =
      `The proxy in front of this server asks it for ${asked.host} and not for ${location.host}: ` +
      "let it pass the name and the port on as Host (nginx: proxy_set_header Host $http_host;).";
  else if (asked.path !== path)
    fault =
      `This server is asked for ${asked.path} where the browser asked for ${path}: ` +
      `start it with --root-path ${base}, or let the proxy send X-Forwarded-Prefix: ${base}.`;
  if (!fault) return;
  window.stop();
  document.documentElement.innerHTML = "<head></head><body><p role='alert'></p></body>";
  document.title = "The proxy's settings";
  document.querySelector("p").textContent = fault;
}
