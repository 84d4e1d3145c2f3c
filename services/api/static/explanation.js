// Shows the page again with a key, which is kept in this window alone and sent in no address.
"use strict";
(() => {
  let key = "";
  const tell = (text) => {
    const told = document.getElementById("told");
    if (told) {
      told.textContent = text;
    } else {
      alert(text);
    }
  };
  const show = async (address) => {
    let answer;
    try {
      const lang = document.documentElement.lang;
      answer = await fetch(address, {
        headers: { Authorization: `Bearer ${key}`, "Accept-Language": lang },
      });
    } catch {
      tell("Không gọi được máy chủ, hoặc khóa có ký tự lạ. / No answer, or not a key.");
      return;
    }
    const text = await answer.text();
    if (!answer.ok) {
      let problem = {};
      try {
        problem = JSON.parse(text);
      } catch {
        // Something between us and the server answered.
      }
      tell(problem.detail || `HTTP ${answer.status}`);
      return;
    }
    const page = new DOMParser().parseFromString(text, "text/html");
    document.documentElement.lang = page.documentElement.lang;
    document.title = page.title;
    document.querySelector("main").replaceWith(page.querySelector("main"));
    history.replaceState(null, "", address);
  };
  document.addEventListener("submit", (event) => {
    event.preventDefault();
    key = document.getElementById("key").value.trim();
    show(location.href);
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-again]");
    if (link && key) {
      event.preventDefault();
      show(link.href);
    }
  });
})();
