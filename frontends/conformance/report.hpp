/// What lamina-conformance says: lines as it goes, then counts; JSON, JUnit's XML, and a summary
/// short enough to keep or to send in.
#pragma once

#include <map>
#include <set>
#include <string>

#include <nlohmann/json.hpp>

#include "lamina/device.hpp"
#include "required.hpp"
#include "test.hpp"

namespace lamina::conformance {

using Json = nlohmann::ordered_json;

struct ReportOptions {
    std::string backend; // as asked for
    std::string junit;   // files to write; "" for none
    std::string summary;
    bool json = false; // one object on standard output and nothing else there
    bool verbose = false;
    bool show_unsupported = false;
};

/// Who was tested: backend, device, vendor, driver, its version, UUID, and all that the backend
/// says besides.
Json identity(const DeviceInfo& info);

class Report {
  public:
    /// required: what must not be refused.
    Report(ReportOptions options, Required required, const DeviceInfo& device);

    void add(const std::string& subject, const std::string& mode, Result result);

    /// An operator that is required but of which there is no test proves nothing.
    void require_tests();

    /// Writes what was asked for. The exit code: 0 when nothing failed.
    int finish(double seconds);

  private:
    using Verdict = Result::Verdict;
    struct Tally {
        std::map<Verdict, int> counts;
        std::set<std::string> kernels;
    };

    void print_support() const;
    Json summary(double seconds) const;
    void write_junit(double seconds) const;

    ReportOptions options_;
    Required required_;
    Json device_;
    std::string junit_;
    std::map<Verdict, int> counts_;
    std::map<std::string, std::map<std::string, Tally>> by_subject_; // then by mode
    std::map<std::string, int> refusals_; // "operator: reason" and how often
    Json results_ = Json::array(), failures_ = Json::array();
};

} // namespace lamina::conformance
